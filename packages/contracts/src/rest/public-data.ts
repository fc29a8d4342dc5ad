import { z } from 'zod'
import { integer, list, model, nullable, text } from './types.ts'

/** `/market-data`: funding, and the older routes that name the pair in the path. Times are seconds. */

/** Whoever names the one pair is answered with it alone, whatever else he names. */
const severalForOne = (input: unknown): unknown => {
  if (typeof input !== 'object' || input === null || !('trading_pairs' in input)) return input
  return 'trading_pair' in input ? { ...input, trading_pairs: null } : { ...input, trading_pair: '' }
}

/** One pair, or several as older clients ask. */
export const fundingInfoRequest = z.preprocess(
  severalForOne,
  model({ connector_name: text(), trading_pair: text(), trading_pairs: nullable(list(text())) }),
)
export type FundingInfoRequest = z.infer<typeof fundingInfoRequest>

export const fundingInfoResponse = z.object({
  trading_pair: z.string(),
  funding_rate: z.number().nullable(),
  next_funding_time: z.number().nullable(),
  mark_price: z.number().nullable(),
  index_price: z.number().nullable(),
})
export type FundingInfoResponse = z.infer<typeof fundingInfoResponse>

export const tradingPairPath = model({ trading_pair: text() })
export type TradingPairPath = z.infer<typeof tradingPairPath>

/** The oldest clients write `connector` for `connector_name`. */
const connectorByEitherName = (input: unknown): unknown => {
  if (typeof input !== 'object' || input === null || 'connector_name' in input || !('connector' in input)) return input
  return { ...input, connector_name: input.connector }
}

export const tickerQuery = z.preprocess(connectorByEitherName, model({ connector_name: text() }))
export type TickerQuery = z.infer<typeof tickerQuery>

/** `best_bid` and `best_ask` are null on an empty side of the book. */
export const tickerResponse = z.object({
  connector: z.string(),
  trading_pair: z.string(),
  price: z.number(),
  best_bid: z.number().nullable(),
  best_ask: z.number().nullable(),
  timestamp: z.number(),
})
export type TickerResponse = z.infer<typeof tickerResponse>

export const orderBookQuery = z.preprocess(
  connectorByEitherName,
  model({ connector_name: text(), depth: integer({ ge: 1, le: 1000 }).default(10) }),
)
export type OrderBookQuery = z.infer<typeof orderBookQuery>

export const tradesQuery = z.preprocess(
  connectorByEitherName,
  model({ connector_name: text(), limit: integer({ ge: 1, le: 1000 }).default(100) }),
)
export type TradesQuery = z.infer<typeof tradesQuery>

/** Newest last; `side` is the taker's. */
export const tradesResponse = z.array(
  z.object({ timestamp: z.number(), price: z.number(), amount: z.number(), side: z.enum(['buy', 'sell']) }),
)
export type TradesResponse = z.infer<typeof tradesResponse>
