import {
  accountPath,
  type PortfolioAsOfQuery,
  type PortfolioStateQuery,
  type PortfolioStateRequest,
  type PortfolioStateResponse,
  portfolioAsOfQuery,
  portfolioStateQuery,
  portfolioStateRequest,
} from '@colibri/contracts'
import { notFound, Validated } from '@colibri/service-kit'
import { Controller, Get, HttpCode, Inject, Post, Res } from '@nestjs/common'
import type { z } from 'zod'
import type { PastState } from '../past/past-state.ts'

export const PORTFOLIO_STATE = Symbol('portfolio state')
export type ReadPortfolioState = (request: PortfolioStateRequest) => Promise<PortfolioStateResponse>
export const PAST_STATE = Symbol('portfolio state as it was')
export type ReadPastState = (request: PortfolioStateRequest, at: number) => Promise<PastState>

/** Says which snapshot a state of the past begins with. */
const SNAPSHOT_HEADER = 'x-colibri-snapshot'

interface Headed {
  setHeader(name: string, value: string): unknown
}

@Controller()
export class StateHttp {
  constructor(
    @Inject(PORTFOLIO_STATE) private readonly read: ReadPortfolioState,
    @Inject(PAST_STATE) private readonly readPast: ReadPastState,
  ) {}

  @Post('portfolio/state')
  @HttpCode(200)
  async state(
    @Validated('body', portfolioStateRequest) request: PortfolioStateRequest,
    @Validated('query', portfolioAsOfQuery) { as_of: at }: PortfolioAsOfQuery,
    @Res({ passthrough: true }) response: Headed,
  ): Promise<PortfolioStateResponse> {
    return at === null ? this.read(request) : this.past(request, at, response)
  }

  @Get('portfolio/state')
  async stateByQuery(
    @Validated('query', portfolioStateQuery) { as_of: at, ...request }: PortfolioStateQuery,
    @Res({ passthrough: true }) response: Headed,
  ): Promise<PortfolioStateResponse> {
    return at === null ? this.read(request) : this.past(request, at, response)
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

  private async past(request: PortfolioStateRequest, at: number, response: Headed): Promise<PortfolioStateResponse> {
    const { takenAt, state } = await this.readPast(request, at)
    if (takenAt === null) {
      throw notFound(`Nothing is known of the portfolio at ${new Date(at).toISOString()}: its first snapshot is later`)
    }
    response.setHeader(SNAPSHOT_HEADER, new Date(takenAt).toISOString())
    return state
  }
}
