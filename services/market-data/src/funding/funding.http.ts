import { type FundingInfoRequest, type FundingInfoResponse, fundingInfoRequest } from '@colibri/contracts'
import type { FundingInfo } from '@colibri/exchange'
import { badRequest, Validated } from '@colibri/service-kit'
import { Controller, HttpCode, Post } from '@nestjs/common'
import { pairFailure } from '../venue-calls/venue-errors.ts'
import { Funding } from './funding.ts'

@Controller('market-data')
export class FundingHttp {
  constructor(private readonly funding: Funding) {}

  /** A list where several pairs were asked for, in their order. */
  @Post(['funding-info', 'funding-rates'])
  @HttpCode(200)
  async running(
    @Validated('body', fundingInfoRequest) request: FundingInfoRequest,
  ): Promise<FundingInfoResponse | FundingInfoResponse[]> {
    const { connector_name: connector, trading_pair: pair, trading_pairs: pairs } = request
    if (!connector.includes('_perpetual'))
      throw badRequest('Funding info is only available for perpetual trading pairs.')
    if (pairs === null) return this.#one(connector, pair)
    return Promise.all([...new Set(pairs)].map((each) => this.#one(connector, each)))
  }

  async #one(connector: string, pair: string): Promise<FundingInfoResponse> {
    const info = await this.funding.running(connector, pair).catch((error: unknown) => {
      throw pairFailure(error, connector, pair)
    })
    return fundingReply(info)
  }
}

const fundingReply = (info: FundingInfo): FundingInfoResponse => ({
  trading_pair: info.tradingPair,
  funding_rate: Number(info.rate),
  next_funding_time: info.nextFundingTime / 1000,
  mark_price: Number(info.markPrice),
  index_price: Number(info.indexPrice),
})
