import { z } from 'zod'
import { decimal, integer, list, literal, model, nullable, text } from './types.ts'

/** `/trading`: orders and their fills. */

export const placeOrderRequest = model({
  account_name: text(),
  connector_name: text(),
  trading_pair: text(),
  trade_type: literal('BUY', 'SELL'),
  amount: decimal({ gt: 0 }),
  order_type: literal('LIMIT', 'MARKET', 'LIMIT_MAKER').default('LIMIT'),
  price: nullable(decimal()),
  position_action: literal('OPEN', 'CLOSE').default('OPEN'),
})
export type PlaceOrderRequest = z.infer<typeof placeOrderRequest>

export const placeOrderResponse = z.object({
  order_id: z.string(),
  account_name: z.string(),
  connector_name: z.string(),
  trading_pair: z.string(),
  trade_type: z.string(),
  /** Decimal text as the client wrote it. */
  amount: z.string(),
  order_type: z.string(),
  price: z.string().nullable(),
  status: z.string(),
})
export type PlaceOrderResponse = z.infer<typeof placeOrderResponse>

export const cancelOrderPath = model({ account_name: text(), connector_name: text(), client_order_id: text() })
export const orderPath = model({ client_order_id: text() })
/** Narrows the legacy cancel to one account or connector. */
export const legacyCancelQuery = model({ account_name: nullable(text()), connector_name: nullable(text()) })

const page = {
  limit: integer({ ge: 1, le: 1000 }).default(100),
  cursor: nullable(text()),
  account_names: nullable(list(text())),
  connector_names: nullable(list(text())),
  trading_pairs: nullable(list(text())),
}
/** Epoch milliseconds; a value below 10^11 is read as seconds. */
const period = { start_time: nullable(integer()), end_time: nullable(integer()) }

export const activeOrdersRequest = model(page)
export type ActiveOrdersRequest = z.infer<typeof activeOrdersRequest>

export const searchOrdersRequest = model({ ...page, ...period, status: nullable(text()) })
export type SearchOrdersRequest = z.infer<typeof searchOrdersRequest>

export const searchTradesRequest = model({ ...page, ...period, trade_types: nullable(list(text())) })
export type SearchTradesRequest = z.infer<typeof searchTradesRequest>

const pagination = z.object({
  limit: z.number(),
  has_more: z.boolean(),
  next_cursor: z.string().nullable(),
  total_count: z.number(),
})

export const orderRow = z.object({
  order_id: z.string(),
  account_name: z.string(),
  connector_name: z.string(),
  trading_pair: z.string(),
  trade_type: z.string(),
  order_type: z.string(),
  amount: z.number(),
  price: z.number().nullable(),
  status: z.string(),
  filled_amount: z.number(),
  average_fill_price: z.number().nullable(),
  fee_paid: z.number().nullable(),
  fee_currency: z.string().nullable(),
  created_at: z.string(),
  updated_at: z.string(),
  exchange_order_id: z.string().nullable(),
  error_message: z.string().nullable(),
})
export type OrderRow = z.infer<typeof orderRow>

export const tradeRow = z.object({
  trade_id: z.string(),
  order_id: z.string(),
  account_name: z.string(),
  connector_name: z.string(),
  trading_pair: z.string(),
  trade_type: z.string(),
  amount: z.number(),
  price: z.number(),
  fee_paid: z.number(),
  fee_currency: z.string().nullable(),
  timestamp: z.string(),
})
export type TradeRow = z.infer<typeof tradeRow>

export const ordersPage = z.object({ data: z.array(orderRow), pagination })
export type OrdersPage = z.infer<typeof ordersPage>
export const tradesPage = z.object({ data: z.array(tradeRow), pagination })
export type TradesPage = z.infer<typeof tradesPage>

/** One fact of an order's history. */
export const orderHistoryEntry = z.object({
  type: z.string(),
  version: z.number(),
  /** Epoch milliseconds at which the fact became known. */
  time: z.number(),
  data: z.record(z.string(), z.unknown()),
  actor: z.string(),
  event_id: z.string(),
  correlation_id: z.string(),
  causation_id: z.string(),
})
export const orderHistory = z.array(orderHistoryEntry)
export type OrderHistory = z.infer<typeof orderHistory>
