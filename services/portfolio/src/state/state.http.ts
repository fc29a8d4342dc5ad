import {
  accountPath,
  type PortfolioStateRequest,
  type PortfolioStateResponse,
  portfolioStateRequest,
} from '@colibri/contracts'
import { notFound, Validated } from '@colibri/service-kit'
import { Controller, Get, HttpCode, Inject, Post } from '@nestjs/common'
import type { z } from 'zod'

export const PORTFOLIO_STATE = Symbol('portfolio state')
export type ReadPortfolioState = (request: PortfolioStateRequest) => Promise<PortfolioStateResponse>

@Controller()
export class StateHttp {
  constructor(@Inject(PORTFOLIO_STATE) private readonly read: ReadPortfolioState) {}

  @Post('portfolio/state')
  @HttpCode(200)
  async state(
    @Validated('body', portfolioStateRequest) request: PortfolioStateRequest,
  ): Promise<PortfolioStateResponse> {
    return this.read(request)
  }

  /** An older name of the same reply, without a filter. */
  @Get('portfolio/balances')
  async balances(): Promise<PortfolioStateResponse> {
    return this.read(portfolioStateRequest.parse({}))
  }

  /** An older form of the same for one account: connector → tokens. */
  @Get('accounts/:account_name/balances')
  async accountBalances(
    @Validated('path', accountPath) { account_name: name }: z.infer<typeof accountPath>,
  ): Promise<PortfolioStateResponse[string]> {
    const state = await this.read(portfolioStateRequest.parse({ account_names: [name] }))
    const account = state[name]
    if (account === undefined) throw notFound(`Account '${name}' not found`)
    return account
  }
}
