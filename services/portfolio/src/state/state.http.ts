import { type PortfolioStateRequest, type PortfolioStateResponse, portfolioStateRequest } from '@colibri/contracts'
import { Validated } from '@colibri/service-kit'
import { Controller, Get, HttpCode, Inject, Post } from '@nestjs/common'

export const PORTFOLIO_STATE = Symbol('portfolio state')
export type ReadPortfolioState = (request: PortfolioStateRequest) => Promise<PortfolioStateResponse>

@Controller('portfolio')
export class StateHttp {
  constructor(@Inject(PORTFOLIO_STATE) private readonly read: ReadPortfolioState) {}

  @Post('state')
  @HttpCode(200)
  async state(
    @Validated('body', portfolioStateRequest) request: PortfolioStateRequest,
  ): Promise<PortfolioStateResponse> {
    return this.read(request)
  }

  /** An older name of the same reply, without a filter. */
  @Get('balances')
  async balances(): Promise<PortfolioStateResponse> {
    return this.read(portfolioStateRequest.parse({}))
  }
}
