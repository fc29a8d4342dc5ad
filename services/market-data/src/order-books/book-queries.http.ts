import {
  type BookQueryResponse,
  type PriceQuery,
  priceForQuoteVolumeRequest,
  priceForVolumeRequest,
  type QuoteVolumeQuery,
  quoteVolumeForPriceRequest,
  type VolumeQuery,
  volumeForPriceRequest,
  vwapForVolumeRequest,
} from '@colibri/contracts'
import type { BookLevel } from '@colibri/exchange'
import { badRequest, Validated } from '@colibri/service-kit'
import { Controller, HttpCode, Post } from '@nestjs/common'
import { pairFailure } from '../venue-calls/venue-errors.ts'
import {
  priceForQuoteVolume,
  priceForVolume,
  quoteVolumeForPrice,
  type Side,
  volumeForPrice,
  vwapForVolume,
} from './book-queries.ts'
import { DEEPEST, NEAR, OrderBooks } from './order-books.ts'

interface Asked {
  readonly connector_name: string
  readonly trading_pair: string
  readonly is_buy: boolean
}

/** Members the queries fill in; the rest is null. */
type Answer = Partial<Omit<BookQueryResponse, 'trading_pair' | 'is_buy' | 'timestamp'>>

@Controller('market-data/order-book')
export class BookQueriesHttp {
  constructor(private readonly books: OrderBooks) {}

  @Post('price-for-volume')
  @HttpCode(200)
  priceForVolume(@Validated('body', priceForVolumeRequest) query: VolumeQuery): Promise<BookQueryResponse> {
    const volume = sizeOf('volume', query.volume)
    return this.#walk(query, (levels) => {
      const { price, size } = priceForVolume(levels, volume)
      return { query_volume: query.volume, result_price: number(price), result_volume: number(size) }
    })
  }

  @Post('volume-for-price')
  @HttpCode(200)
  volumeForPrice(@Validated('body', volumeForPriceRequest) query: PriceQuery): Promise<BookQueryResponse> {
    return this.#walk(query, (levels, side) => {
      const { price, size } = volumeForPrice(levels, side, String(query.price))
      return { query_price: query.price, result_price: number(price), result_volume: number(size) }
    })
  }

  @Post('price-for-quote-volume')
  @HttpCode(200)
  priceForQuoteVolume(
    @Validated('body', priceForQuoteVolumeRequest) query: QuoteVolumeQuery,
  ): Promise<BookQueryResponse> {
    const quoteVolume = sizeOf('quote_volume', query.quote_volume)
    return this.#walk(query, (levels) => {
      const { price, size } = priceForQuoteVolume(levels, quoteVolume)
      return { result_price: number(price), result_quote_volume: number(size) }
    })
  }

  @Post('quote-volume-for-price')
  @HttpCode(200)
  quoteVolumeForPrice(@Validated('body', quoteVolumeForPriceRequest) query: PriceQuery): Promise<BookQueryResponse> {
    return this.#walk(query, (levels, side) => {
      const { price, size } = quoteVolumeForPrice(levels, side, String(query.price))
      return { query_price: query.price, result_price: number(price), result_quote_volume: number(size) }
    })
  }

  @Post('vwap-for-volume')
  @HttpCode(200)
  vwapForVolume(@Validated('body', vwapForVolumeRequest) query: VolumeQuery): Promise<BookQueryResponse> {
    const volume = sizeOf('volume', query.volume)
    return this.#walk(query, (levels) => {
      const { averagePrice, size } = vwapForVolume(levels, volume)
      return { query_volume: query.volume, average_price: number(averagePrice), result_volume: number(size) }
    })
  }

  /** A buyer takes the asks, a seller the bids. */
  async #walk(
    { connector_name: connector, trading_pair: pair, is_buy: isBuy }: Asked,
    answer: (levels: readonly BookLevel[], side: Side) => Answer,
  ): Promise<BookQueryResponse> {
    const side = isBuy ? 'asks' : 'bids'
    const read = async (depth: number) => {
      const book = await this.books.best(connector, pair, depth).catch((error: unknown) => {
        throw pairFailure(error, connector, pair)
      })
      return { book, found: answer(book[side], side) }
    }
    // Most queries end within the levels that every replica has at hand.
    const near = await read(NEAR)
    const { book, found } = endsWithin(near.book[side], near.found) ? near : await read(DEEPEST)
    return {
      trading_pair: pair,
      is_buy: isBuy,
      query_volume: null,
      query_price: null,
      result_price: null,
      result_volume: null,
      result_quote_volume: null,
      average_price: null,
      ...found,
      timestamp: book.time / 1000,
    }
  }
}

/** False where deeper levels, if there are any, could change the answer. */
const endsWithin = (levels: readonly BookLevel[], { result_price: price, average_price: average }: Answer): boolean => {
  if (levels.length < NEAR) return true
  const reached = price ?? average ?? null
  return reached !== null && reached !== Number(levels.at(-1)?.price)
}

const number = (text: string | null): number | null => (text === null ? null : Number(text))

const sizeOf = (field: string, size: number): string => {
  if (size < 0) throw badRequest(`${field} must be 0 or more, got ${size}`)
  return String(size)
}
