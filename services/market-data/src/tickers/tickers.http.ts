import {
  type TickerQuery,
  type TickerResponse,
  type TradingPairPath,
  tickerQuery,
  tradingPairPath,
} from '@colibri/contracts'
import type { BookLevel } from '@colibri/exchange'
import { Validated } from '@colibri/service-kit'
import { Controller, Get } from '@nestjs/common'
import { OrderBooks } from '../order-books/order-books.ts'
import { Prices } from '../prices/prices.ts'
import { pairFailure, pairNotFound } from '../venue-calls/venue-errors.ts'

@Controller('market-data')
export class TickersHttp {
  constructor(
    private readonly prices: Prices,
    private readonly books: OrderBooks,
  ) {}

  /** The last price beside the best of the book, as the oldest clients ask for them. */
  @Get('ticker/:trading_pair')
  async ticker(
    @Validated('path', tradingPairPath) { trading_pair: pair }: TradingPairPath,
    @Validated('query', tickerQuery) { connector_name: connector }: TickerQuery,
  ): Promise<TickerResponse> {
    const [{ prices, time }, book] = await Promise.all([
      this.prices.last(connector, [pair]),
      this.books.best(connector, pair, 1),
    ]).catch((error: unknown) => {
      throw pairFailure(error, connector, pair)
    })
    const price = prices.get(pair) ?? null
    if (price === null) throw pairNotFound(connector, pair)
    return {
      connector,
      trading_pair: pair,
      price: Number(price),
      best_bid: bestOf(book.bids),
      best_ask: bestOf(book.asks),
      timestamp: Math.min(time, book.time) / 1000,
    }
  }
}

const bestOf = ([best]: readonly BookLevel[]): number | null => (best === undefined ? null : Number(best.price))
