import {
  type TradesQuery,
  type TradesResponse,
  type TradingPairPath,
  tradesQuery,
  tradingPairPath,
} from '@colibri/contracts'
import { Validated } from '@colibri/service-kit'
import { Controller, Get } from '@nestjs/common'
import { pairFailure } from '../venue-calls/venue-errors.ts'
import { PublicTrades } from './public-trades.ts'

@Controller('market-data')
export class PublicTradesHttp {
  constructor(private readonly trades: PublicTrades) {}

  @Get('trades/:trading_pair')
  async newest(
    @Validated('path', tradingPairPath) { trading_pair: pair }: TradingPairPath,
    @Validated('query', tradesQuery) { connector_name: connector, limit }: TradesQuery,
  ): Promise<TradesResponse> {
    const trades = await this.trades.newest(connector, pair, limit).catch((error: unknown) => {
      throw pairFailure(error, connector, pair)
    })
    return trades.map(({ time, price, amount, side }) => ({
      timestamp: time / 1000,
      price: Number(price),
      amount: Number(amount),
      side,
    }))
  }
}
