import { z } from 'zod'
import { either, integer, list, model, text } from './types.ts'

/** `/market-data`: public prices, books and candles. Times are seconds. */

export const priceRequest = model({ connector_name: text(), trading_pairs: list(text()) })
export type PriceRequest = z.infer<typeof priceRequest>

export const pricesResponse = z.object({
  connector: z.string(),
  prices: z.record(z.string(), z.number()),
  /** When the oldest of these prices was asked. */
  timestamp: z.number(),
})
export type PricesResponse = z.infer<typeof pricesResponse>

export const orderBookRequest = model({
  connector_name: text(),
  trading_pair: text(),
  depth: integer({ ge: 1, le: 1000 }).default(10),
})
export type OrderBookRequest = z.infer<typeof orderBookRequest>

const orderBookLevel = z.object({ price: z.number(), amount: z.number() })
/** Best first on both sides. */
export const orderBookResponse = z.object({
  trading_pair: z.string(),
  bids: z.array(orderBookLevel),
  asks: z.array(orderBookLevel),
  timestamp: z.number(),
})
export type OrderBookResponse = z.infer<typeof orderBookResponse>

export const candlesRequest = model({
  connector_name: text(),
  trading_pair: text(),
  interval: text().default('1m'),
  max_records: integer().default(500),
})
export type CandlesRequest = z.infer<typeof candlesRequest>

/** The older form of the same request: every pair at every interval. */
export const candlesOfManyRequest = model({
  connector_name: text(),
  trading_pairs: list(text(), { minLength: 1, maxLength: 20 }),
  intervals: list(text(), { minLength: 1, maxLength: 20 }).default(['1m']),
  max_records: integer().default(500),
})
export type CandlesOfManyRequest = z.infer<typeof candlesOfManyRequest>

const isOfMany = (body: unknown): boolean =>
  typeof body === 'object' && body !== null && 'trading_pairs' in body && !('trading_pair' in body)

/** `POST /market-data/candles` takes either form; the lists of the older one tell them apart. */
export const candlesBody = either(isOfMany, candlesOfManyRequest, candlesRequest)

/** `GET /market-data/candles/{trading_pair}`, the same as a query. */
export const candlesPath = model({ trading_pair: text() })
export const candlesQuery = model({
  connector_name: text(),
  interval: text().default('1m'),
  max_records: integer().default(500),
})
export type CandlesQuery = z.infer<typeof candlesQuery>

/** Oldest first; the last one is still open. */
export const candlesResponse = z.array(
  z.object({
    timestamp: z.number(),
    open: z.number(),
    high: z.number(),
    low: z.number(),
    close: z.number(),
    volume: z.number(),
    quote_asset_volume: z.number(),
    n_trades: z.number(),
    taker_buy_base_volume: z.number(),
    taker_buy_quote_volume: z.number(),
  }),
)
export type CandlesResponse = z.infer<typeof candlesResponse>

/** The answer to the older form: rows by interval by pair. */
export const candlesOfManyResponse = z.record(z.string(), z.record(z.string(), candlesResponse))
export type CandlesOfManyResponse = z.infer<typeof candlesOfManyResponse>

/** Seconds; candles that open from `start_time` up to and including `end_time`. */
export const historicalCandlesRequest = model({
  connector_name: text(),
  trading_pair: text(),
  interval: text(),
  start_time: integer(),
  end_time: integer(),
})
export type HistoricalCandlesRequest = z.infer<typeof historicalCandlesRequest>

export const candleConnectorsResponse = z.array(z.string())
