import { z } from 'zod'
import { asOf } from './as-of.ts'
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
/** The list as it was known at that moment. */
const past = { as_of: nullable(asOf()) }
/** `?as_of=` of a list that is asked for by a body; the body may have it instead. */
export const pastQuery = model(past)
export type PastQuery = z.infer<typeof pastQuery>
/** Epoch milliseconds; a value below 10^11 is read as seconds. */
const period = { start_time: nullable(integer()), end_time: nullable(integer()) }

export const activeOrdersRequest = model({ ...page, ...past })
export type ActiveOrdersRequest = z.infer<typeof activeOrdersRequest>

export const searchOrdersRequest = model({ ...page, ...period, ...past, status: nullable(text()) })
export type SearchOrdersRequest = z.infer<typeof searchOrdersRequest>

export const searchTradesRequest = model({ ...page, ...period, ...past, trade_types: nullable(list(text())) })
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

export const positionsRequest = model({
  limit: page.limit,
  cursor: page.cursor,
  account_names: page.account_names,
  connector_names: page.connector_names,
  ...past,
})
export type PositionsRequest = z.infer<typeof positionsRequest>

export const positionRow = z.object({
  account_name: z.string(),
  connector_name: z.string(),
  trading_pair: z.string(),
  side: z.enum(['LONG', 'SHORT', 'BOTH']),
  /** Base units; negative when short. */
  amount: z.number(),
  entry_price: z.number().nullable(),
  unrealized_pnl: z.number().nullable(),
  leverage: z.number().nullable(),
})
export type PositionRow = z.infer<typeof positionRow>
export const positionsPage = z.object({ data: z.array(positionRow), pagination })
export type PositionsPage = z.infer<typeof positionsPage>

export const perpetualPath = model({ account_name: text(), connector_name: text() })
export const leverageRequest = model({ trading_pair: text(), leverage: integer({ ge: 1, le: 125 }) })
export const positionModeRequest = model({ position_mode: text() })
export const statusMessage = z.object({ status: z.literal('success'), message: z.string() })
export type StatusMessage = z.infer<typeof statusMessage>
export const positionModeInfo = z.object({
  position_mode: z.enum(['HEDGE', 'ONEWAY', 'UNKNOWN']),
  connector: z.string(),
  account: z.string(),
})
export type PositionModeInfo = z.infer<typeof positionModeInfo>

/** `side` chooses where a long and a short position of the pair are open at once. */
export const closePositionRequest = model({
  account_name: text(),
  connector_name: text(),
  trading_pair: text(),
  side: nullable(literal('LONG', 'SHORT')),
})
export type ClosePositionRequest = z.infer<typeof closePositionRequest>

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

export const fundingPaymentsRequest = model({
  limit: page.limit,
  cursor: page.cursor,
  account_names: page.account_names,
  connector_names: page.connector_names,
  trading_pair: nullable(text()),
  ...period,
})
export type FundingPaymentsRequest = z.infer<typeof fundingPaymentsRequest>

export const fundingPaymentRow = z.object({
  id: z.number(),
  funding_payment_id: z.string(),
  timestamp: z.string(),
  account_name: z.string(),
  connector_name: z.string(),
  trading_pair: z.string(),
  /** Of the period, as a fraction; 0 where the venue does not tell. */
  funding_rate: z.number(),
  /** Positive when received. */
  funding_payment: z.number(),
  fee_currency: z.string(),
  position_size: z.number().nullable(),
  position_side: z.string().nullable(),
  exchange_funding_id: z.string().nullable(),
})
export type FundingPaymentRow = z.infer<typeof fundingPaymentRow>
export const fundingPaymentsPage = z.object({ data: z.array(fundingPaymentRow), pagination })
export type FundingPaymentsPage = z.infer<typeof fundingPaymentsPage>
