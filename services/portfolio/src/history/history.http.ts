import {
  type PortfolioHistoryRequest,
  type PortfolioHistoryResponse,
  type PortfolioPerformance,
  type PortfolioPerformanceRequest,
  portfolioHistoryRequest,
  portfolioPerformanceRequest,
} from '@colibri/contracts'
import { Validated } from '@colibri/service-kit'
import { Controller, Get, HttpCode, Inject, Post } from '@nestjs/common'
import type { HistoryQueries } from './history.queries.ts'

export const PORTFOLIO_HISTORY = Symbol('portfolio history')

@Controller('portfolio')
export class HistoryHttp {
  constructor(@Inject(PORTFOLIO_HISTORY) private readonly queries: HistoryQueries) {}

  @Post('history')
  @HttpCode(200)
  history(
    @Validated('body', portfolioHistoryRequest) request: PortfolioHistoryRequest,
  ): Promise<PortfolioHistoryResponse> {
    return this.queries.history(request)
  }

  @Get('history')
  historyByQuery(
    @Validated('query', portfolioHistoryRequest) request: PortfolioHistoryRequest,
  ): Promise<PortfolioHistoryResponse> {
    return this.queries.history(request)
  }

  @Get('performance')
  performance(
    @Validated('query', portfolioPerformanceRequest) request: PortfolioPerformanceRequest,
  ): Promise<PortfolioPerformance> {
    return this.queries.performance(request)
  }
}
