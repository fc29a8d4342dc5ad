import {
  type ActiveOrdersRequest,
  type OrderHistory,
  type OrderRow,
  type OrdersPage,
  type OrderWhy,
  orderStream,
  type SearchOrdersRequest,
  type SearchTradesRequest,
  type TradeRow,
  type TradesPage,
} from '@colibri/contracts'
import type { EventLog } from '@colibri/event-log'
import { type Expression, expressionBuilder, Kysely, PostgresDialect, type SqlBool, sql } from 'kysely'
import type { Pool } from 'pg'
import { instant, isoText, page } from '../list-page.ts'
import { countOrders } from './count-orders.ts'
import type { OrdersTable, OrdersTables, TradesTable } from './orders.tables.ts'
import { inMoment, type OrdersAsOf } from './orders-as-of.ts'
import { whyOrder } from './why.ts'

type Condition = Expression<SqlBool>

/** Conditions on an order `o` and, where the list is of trades, its trade `t`. */
const where = expressionBuilder<{ o: OrdersTable; t: TradesTable }, 'o' | 't'>()

/** An absent or an empty list filters nothing. */
const among = (
  column: 'o.account_name' | 'o.connector_name' | 'o.trading_pair' | 'o.trade_type',
  names: readonly string[] | null,
): Condition[] => {
  const wanted = names ?? []
  const [only, ...others] = wanted
  if (only === undefined) return []
  // One name alone is an equation: an index by name and time gives its rows in their order.
  return [others.length === 0 ? where(column, '=', only) : where(column, '=', where.fn.any(where.val(wanted)))]
}

const during = (column: 'o.created_at' | 't.timestamp', start: number | null, end: number | null): Condition[] => {
  const from = start === null ? undefined : instant(start)
  const to = end === null ? undefined : instant(end)
  return [
    ...(from === undefined ? [] : [where(column, '>=', from)]),
    ...(to === undefined ? [] : [where(column, '<=', to)]),
  ]
}

interface Market {
  readonly account_names: string[] | null
  readonly connector_names: string[] | null
  readonly trading_pairs: string[] | null
}

const ofMarket = (request: Market): Condition[] => [
  ...among('o.account_name', request.account_names),
  ...among('o.connector_name', request.connector_names),
  ...among('o.trading_pair', request.trading_pairs),
]

const activeStatuses: readonly string[] = ['SUBMITTED', 'OPEN', 'PARTIALLY_FILLED', 'PENDING_CANCEL']
/** Literals, not parameters: the partial index `orders_active` is chosen by this very list. */
const isActive = where(
  'o.status',
  'in',
  activeStatuses.map((status) => sql.lit(status)),
)

/** The tables as they are now, or what differs from them at a moment. */
type Moment = { readonly kind: 'now' } | ({ readonly kind: 'then'; readonly time: number } & OrdersAsOf)

/** Orders in a state: by their rows where those are as they were, by `holds` where they have changed since. */
const inState = (moment: Moment, state: Condition, holds: (row: OrdersTable) => boolean): Condition[] => {
  if (moment.kind === 'now') return [state]
  const ids = [...moment.changed].flatMap(([id, row]) => (holds(row) ? [id] : []))
  return [
    where.or([
      where.and([state, where('o.updated_at', '<=', new Date(moment.time))]),
      where('o.client_order_id', '=', where.fn.any(where.val(ids))),
    ]),
  ]
}

/** Orders that were there. */
const existing = (moment: Moment): Condition[] =>
  moment.kind === 'now'
    ? []
    : [
        where('o.created_at', '<=', new Date(moment.time)),
        ...(moment.unknown.length === 0 ? [] : [where('o.client_order_id', 'not in', moment.unknown)]),
      ]

/** Fills that were known. */
const known = (moment: Moment): Condition[] =>
  moment.kind === 'now'
    ? []
    : [
        where.or([
          where('o.updated_at', '<=', new Date(moment.time)),
          where('t.trade_id', '=', where.fn.any(where.val([...moment.tradeIds]))),
        ]),
      ]

const shownAt =
  (moment: Moment) =>
  (row: OrdersTable): OrderRow =>
    orderRowOf(moment.kind === 'now' ? row : (moment.changed.get(row.client_order_id) ?? row))

/** `<time>:<id>`; undefined for any other text, which then pages from the start as the contract does. */
const timedCursor = (cursor: string | null): { readonly time: string; readonly id: string } | undefined => {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?\+00:00):(.*)$/s.exec(cursor ?? '')
  const [, time, id] = match ?? []
  return time === undefined || id === undefined || Number.isNaN(Date.parse(time)) ? undefined : { time, id }
}

/** What a list, newest first, still has after the cursor. */
const before = (
  time: 'o.created_at' | 't.timestamp',
  id: 'o.client_order_id' | 't.trade_id',
  cursor: string | null,
): Condition[] => {
  const at = timedCursor(cursor)
  if (at === undefined) return []
  // The text itself: a Date would lose the microseconds a cursor may have.
  return [where(where.refTuple(time, id), '<', where.tuple(sql<Date>`${at.time}::timestamptz`, at.id))]
}

const orNull = (decimal: string | null): number | null => (decimal === null ? null : Number(decimal))

const orderRowOf = (row: OrdersTable): OrderRow => ({
  order_id: row.client_order_id,
  account_name: row.account_name,
  connector_name: row.connector_name,
  trading_pair: row.trading_pair,
  trade_type: row.trade_type,
  order_type: row.order_type,
  amount: Number(row.amount),
  price: orNull(row.price),
  status: row.status,
  filled_amount: Number(row.filled_amount),
  average_fill_price: orNull(row.average_fill_price),
  fee_paid: orNull(row.fee_paid),
  fee_currency: row.fee_currency,
  created_at: isoText(row.created_at),
  updated_at: isoText(row.updated_at),
  exchange_order_id: row.exchange_order_id,
  error_message: row.error_message,
})

type Fill = TradesTable & Pick<OrdersTable, 'account_name' | 'connector_name' | 'trading_pair' | 'trade_type'>

const tradeRowOf = (row: Fill): TradeRow => ({
  trade_id: row.trade_id,
  order_id: row.client_order_id,
  account_name: row.account_name,
  connector_name: row.connector_name,
  trading_pair: row.trading_pair,
  trade_type: row.trade_type,
  amount: Number(row.amount),
  price: Number(row.price),
  fee_paid: Number(row.fee_paid),
  fee_currency: row.fee_currency,
  timestamp: isoText(row.timestamp),
})

export interface OrdersQueries {
  active(request: ActiveOrdersRequest): Promise<OrdersPage>
  search(request: SearchOrdersRequest): Promise<OrdersPage>
  trades(request: SearchTradesRequest): Promise<TradesPage>
  /** Undefined for an order that was never placed. */
  history(clientOrderId: string): Promise<OrderHistory | undefined>
  /** What led to the order and its fills; undefined as above. */
  why(clientOrderId: string): Promise<OrderWhy | undefined>
}

const total = where.fn.countAll<string>().as('count')

export interface UpToDate {
  /** Resolves when everything that was acknowledged before is in the log. */
  stored(): Promise<void>
  /** Resolves when the tables show everything that is in the log. */
  projected(): Promise<void>
}

/** A list never lags behind a reply. */
export const ordersQueries = (pool: Pool, log: EventLog, { stored, projected }: UpToDate): OrdersQueries => {
  const current = async (): Promise<void> => {
    await stored()
    await projected()
  }
  const at = <T>(time: number | null, ask: (moment: Moment) => Promise<T>): Promise<T> =>
    time === null ? ask({ kind: 'now' }) : inMoment(pool, log, time, (orders) => ask({ kind: 'then', time, ...orders }))
  const db = new Kysely<OrdersTables>({ dialect: new PostgresDialect({ pool }) })
  const orders = db.selectFrom('trading.orders as o')
  const trades = db
    .selectFrom('trading.trades as t')
    .innerJoin('trading.orders as o', 'o.client_order_id', 't.client_order_id')

  return {
    async active(request) {
      await current()
      return at(request.as_of, (moment) => {
        const active = inState(moment, isActive, ({ status }) => activeStatuses.includes(status))
        const all = orders.where(where.and([...ofMarket(request), ...existing(moment), ...active]))
        const after = request.cursor === null ? all : all.where('o.client_order_id', '>', request.cursor)
        return page({
          total: all.select(total),
          rows: after.selectAll('o').orderBy('o.client_order_id'),
          limit: request.limit,
          itemOf: shownAt(moment),
          cursorOf: (order) => order.order_id,
        })
      })
    },

    async search(request) {
      await current()
      const { status, start_time: start, end_time: end } = request
      return at(request.as_of, (moment) => {
        const ofStatus =
          status === null || status === ''
            ? []
            : inState(moment, where('o.status', '=', status), (row) => row.status === status)
        const all = orders.where(
          where.and([...ofMarket(request), ...during('o.created_at', start, end), ...existing(moment), ...ofStatus]),
        )
        const counted = async (): Promise<{ count: string }> => ({
          count: await countOrders(db, {
            kind: where.and([...ofMarket(request), ...ofStatus]),
            from: start === null ? undefined : instant(start),
            to: end === null ? undefined : instant(end),
          }),
        })
        return page({
          total: moment.kind === 'now' ? { executeTakeFirstOrThrow: counted } : all.select(total),
          rows: all
            .where(where.and(before('o.created_at', 'o.client_order_id', request.cursor)))
            .selectAll('o')
            .orderBy('o.created_at', 'desc')
            .orderBy('o.client_order_id', 'desc'),
          limit: request.limit,
          itemOf: shownAt(moment),
          cursorOf: (order) => `${order.created_at}:${order.order_id}`,
        })
      })
    },

    async trades(request) {
      await current()
      return at(request.as_of, (moment) => {
        const all = trades.where(
          where.and([
            ...ofMarket(request),
            ...among('o.trade_type', request.trade_types),
            ...during('t.timestamp', request.start_time, request.end_time),
            ...existing(moment),
            ...known(moment),
          ]),
        )
        return page({
          total: all.select(total),
          rows: all
            .where(where.and(before('t.timestamp', 't.trade_id', request.cursor)))
            .selectAll('t')
            .select(['o.account_name', 'o.connector_name', 'o.trading_pair', 'o.trade_type'])
            .orderBy('t.timestamp', 'desc')
            .orderBy('t.trade_id', 'desc'),
          limit: request.limit,
          itemOf: tradeRowOf,
          cursorOf: (trade) => `${trade.timestamp}:${trade.trade_id}`,
        })
      })
    },

    async why(clientOrderId) {
      await stored()
      return whyOrder(log, clientOrderId)
    },

    async history(clientOrderId) {
      await stored()
      const events = await log.read(orderStream(clientOrderId))
      if (events.length === 0) return undefined
      return events.map((event) => ({
        type: event.type,
        version: event.version,
        time: event.metadata.time,
        data: { ...event.data },
        actor: event.metadata.actor,
        event_id: event.id,
        correlation_id: event.metadata.correlationId,
        causation_id: event.metadata.causationId,
      }))
    },
  }
}
