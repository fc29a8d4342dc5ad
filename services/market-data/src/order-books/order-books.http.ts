import {
  type OrderBookQuery,
  type OrderBookRequest,
  type OrderBookResponse,
  orderBookQuery,
  orderBookRequest,
  type TradingPairPath,
  tradingPairPath,
} from '@colibri/contracts'
import type { BookLevel } from '@colibri/exchange'
import { Validated } from '@colibri/service-kit'
import { Controller, Get, HttpCode, Post } from '@nestjs/common'
import { pairFailure } from '../venue-calls/venue-errors.ts'
import { OrderBooks } from './order-books.ts'

@Controller('market-data')
export class OrderBooksHttp {
  constructor(private readonly books: OrderBooks) {}

  @Post('order-book')
  @HttpCode(200)
  asked(@Validated('body', orderBookRequest) request: OrderBookRequest): Promise<OrderBookResponse> {
    return this.#book(request.connector_name, request.trading_pair, request.depth)
  }

  /** The older form, with the pair in the path. */
  @Get('orderbook/:trading_pair')
  ofPair(
    @Validated('path', tradingPairPath) { trading_pair: pair }: TradingPairPath,
    @Validated('query', orderBookQuery) { connector_name: connector, depth }: OrderBookQuery,
  ): Promise<OrderBookResponse> {
    return this.#book(connector, pair, depth)
  }

  async #book(connector: string, pair: string, depth: number): Promise<OrderBookResponse> {
    const book = await this.books.best(connector, pair, depth).catch((error: unknown) => {
      throw pairFailure(error, connector, pair)
    })
    return {
      trading_pair: pair,
      bids: book.bids.map(level),
      asks: book.asks.map(level),
      timestamp: book.time / 1000,
    }
  }
}

const level = ({ price, amount }: BookLevel) => ({ price: Number(price), amount: Number(amount) })
