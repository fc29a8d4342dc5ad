import { z } from 'zod'
import { float, model, nullable, text } from './types.ts'

/** `/market-data`: feeds and live order books. Times are seconds. */

const activeFeed = z.object({
  feed_type: z.enum(['candles', 'order_book', 'trades', 'ticker', 'unknown']),
  last_access_time: z.number(),
  seconds_since_access: z.number(),
  will_expire_in: z.number(),
  config: z.string(),
})
/** By `candles_<connector>_<pair>_<interval>`, `order_book_<connector>_<pair>` and the like. */
export const activeFeedsResponse = z.record(z.string(), activeFeed)
export type ActiveFeedsResponse = z.infer<typeof activeFeedsResponse>

export const marketDataSettingsResponse = z.object({
  cleanup_interval: z.int(),
  feed_timeout: z.int(),
  description: z.string(),
})
export type MarketDataSettingsResponse = z.infer<typeof marketDataSettingsResponse>

/** The account is read and ignored: public data needs none. */
export const addTradingPairRequest = model({
  connector_name: text(),
  trading_pair: text(),
  account_name: nullable(text()),
  timeout: float({ ge: 1, le: 120 }).default(30),
})
export type AddTradingPairRequest = z.infer<typeof addTradingPairRequest>

export const removeTradingPairRequest = model({
  connector_name: text(),
  trading_pair: text(),
  account_name: nullable(text()),
})
export type RemoveTradingPairRequest = z.infer<typeof removeTradingPairRequest>

export const tradingPairResponse = z.object({
  success: z.boolean(),
  connector_name: z.string(),
  trading_pair: z.string(),
  message: z.string(),
})
export type TradingPairResponse = z.infer<typeof tradingPairResponse>

export const bookTrackerPath = model({ connector_name: text() })
export type BookTrackerPath = z.infer<typeof bookTrackerPath>
export const bookTrackerQuery = model({ account_name: nullable(text()) })

export const orderBookDiagnosticsResponse = z.object({
  connector_type: z.string(),
  connector_name: z.string(),
  has_order_book_tracker: z.boolean(),
  tracker_ready: z.boolean(),
  tasks: z.record(
    z.string(),
    z.object({ exists: z.boolean(), done: z.boolean(), cancelled: z.boolean(), exception: z.string().nullable() }),
  ),
  trading_pairs: z.array(z.string()),
  order_books: z.record(
    z.string(),
    z.object({
      best_bid: z.number().nullable(),
      best_ask: z.number().nullable(),
      bid_count: z.int(),
      ask_count: z.int(),
      snapshot_uid: z.int().nullable(),
      last_diff_uid: z.int().nullable(),
    }),
  ),
  metrics: z.record(z.string(), z.unknown()).nullable(),
  websocket_status: z.enum(['unknown', 'connected', 'not_connected']),
})
export type OrderBookDiagnosticsResponse = z.infer<typeof orderBookDiagnosticsResponse>

export const restartOrderBooksResponse = z.discriminatedUnion('success', [
  z.object({ success: z.literal(true), message: z.string(), trading_pairs: z.array(z.string()) }),
  z.object({ success: z.literal(false), error: z.string() }),
])
export type RestartOrderBooksResponse = z.infer<typeof restartOrderBooksResponse>
