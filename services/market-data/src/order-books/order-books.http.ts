import { type OrderBookRequest, type OrderBookResponse, orderBookRequest } from '@colibri/contracts'
import { type BookLevel, UnknownConnector, UnknownPair } from '@colibri/exchange'
import { ApiError, Validated } from '@colibri/service-kit'
import { Controller, HttpCode, Post } from '@nestjs/common'
import { pythonText } from '../venue-calls/python-text.ts'
import { venueFailure } from '../venue-calls/venue-errors.ts'
import { OrderBooks } from './order-books.ts'

@Controller('market-data')
export class OrderBooksHttp {
  constructor(private readonly books: OrderBooks) {}

  @Post('order-book')
  @HttpCode(200)
  async snapshot(@Validated('body', orderBookRequest) request: OrderBookRequest): Promise<OrderBookResponse> {
    const { connector_name: connector, trading_pair: pair, depth } = request
    const book = await this.books.snapshot(connector, pair, depth).catch((error: unknown) => {
      if (error instanceof UnknownConnector) throw new ApiError(500, error.message)
      if (error instanceof UnknownPair) throw new ApiError(500, pythonText(pair))
      throw venueFailure(error, connector)
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
