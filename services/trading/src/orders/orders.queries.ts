import {
  type ActiveOrdersRequest,
  type OrderHistory,
  type OrderRow,
  type OrdersPage,
  orderStream,
  type SearchOrdersRequest,
  type SearchTradesRequest,
  type TradeRow,
  type TradesPage,
} from '@colibri/contracts'
import type { EventLog } from '@colibri/event-log'
import type { Pool } from 'pg'

/** Conditions of a `where`, with their values. */
interface Filter {
  readonly conditions: readonly string[]
  readonly values: readonly unknown[]
}

const noFilter: Filter = { conditions: [], values: [] }

/** `sql` gives the condition for the placeholder of the value. */
const and = (filter: Filter, value: unknown, sql: (placeholder: string) => string): Filter => ({
  conditions: [...filter.conditions, sql(`$${filter.values.length + 1}`)],
  values: [...filter.values, value],
})

const where = ({ conditions }: Filter): string => (conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`)

/** An absent or an empty list filters nothing. */
const among = (filter: Filter, column: string, names: readonly string[] | null): Filter =>
  names === null || names.length === 0 ? filter : and(filter, names, (place) => `${column} = any(${place}::text[])`)

/** Clients send milliseconds or, below 10^11, seconds. */
const instant = (time: number): Date | undefined => {
  const date = new Date(Math.abs(time) < 1e11 ? time * 1000 : time)
  return Number.isNaN(date.getTime()) ? undefined : date
}

const during = (filter: Filter, column: string, start: number | null, end: number | null): Filter => {
  const from = start === null ? undefined : instant(start)
  const to = end === null ? undefined : instant(end)
  const begun = from === undefined ? filter : and(filter, from, (place) => `${column} >= ${place}::timestamptz`)
  return to === undefined ? begun : and(begun, to, (place) => `${column} <= ${place}::timestamptz`)
}

interface Page {
  readonly account_names: string[] | null
  readonly connector_names: string[] | null
  readonly trading_pairs: string[] | null
}

const ofMarket = (request: Page): Filter =>
  among(
    among(among(noFilter, 'o.account_name', request.account_names), 'o.connector_name', request.connector_names),
    'o.trading_pair',
    request.trading_pairs,
  )

/** As Python writes a moment in UTC: microseconds, left out when they are zero. */
export const isoText = (date: Date): string => {
  const text = date.toISOString()
  const seconds = text.slice(0, 19)
  const milliseconds = text.slice(20, 23)
  return milliseconds === '000' ? `${seconds}+00:00` : `${seconds}.${milliseconds}000+00:00`
}

/** `<time>:<id>`; undefined for any other text, which then pages from the start as the contract does. */
const timedCursor = (cursor: string | null): { readonly time: string; readonly id: string } | undefined => {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?\+00:00):(.*)$/s.exec(cursor ?? '')
  const [, time, id] = match ?? []
  return time === undefined || id === undefined || Number.isNaN(Date.parse(time)) ? undefined : { time, id }
}

interface OrderRecord {
  client_order_id: string
  exchange_order_id: string | null
  account_name: string
  connector_name: string
  trading_pair: string
  trade_type: string
  order_type: string
  amount: string
  price: string | null
  status: string
  filled_amount: string
  average_fill_price: string | null
  fee_paid: string | null
  fee_currency: string | null
  error_message: string | null
  created_at: Date
  updated_at: Date
}

const orNull = (decimal: string | null): number | null => (decimal === null ? null : Number(decimal))

const orderRowOf = (row: OrderRecord): OrderRow => ({
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

interface TradeRecord {
  trade_id: string
  client_order_id: string
  account_name: string
  connector_name: string
  trading_pair: string
  trade_type: string
  amount: string
  price: string
  fee_paid: string
  fee_currency: string | null
  timestamp: Date
}

const tradeRowOf = (row: TradeRecord): TradeRow => ({
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

const ORDER = 'o.*'
const TRADE =
  't.trade_id, t.client_order_id, o.account_name, o.connector_name, o.trading_pair, o.trade_type, t.amount, t.price, t.fee_paid, t.fee_currency, t.timestamp'
const ORDERS = 'trading.orders o'
const TRADES = 'trading.trades t join trading.orders o using (client_order_id)'

export interface OrdersQueries {
  active(request: ActiveOrdersRequest): Promise<OrdersPage>
  search(request: SearchOrdersRequest): Promise<OrdersPage>
  trades(request: SearchTradesRequest): Promise<TradesPage>
  /** Undefined for an order that was never placed. */
  history(clientOrderId: string): Promise<OrderHistory | undefined>
}

interface Select<Row, Item> {
  readonly columns: string
  readonly from: string
  /** What the list consists of. */
  readonly filter: Filter
  /** The same, after the cursor. */
  readonly after: Filter
  readonly orderBy: string
  readonly limit: number
  itemOf(row: Row): Item
  cursorOf(item: Item): string
}

export const ordersQueries = (pool: Pool, log: EventLog): OrdersQueries => {
  const page = async <Row extends object, Item>(select: Select<Row, Item>) => {
    const { columns, from, filter, after, orderBy, limit } = select
    const rowsWanted = and(after, limit + 1, (place) => place)
    const [{ rows }, counted] = await Promise.all([
      pool.query<Row>(
        `select ${columns} from ${from} ${where(after)} order by ${orderBy} limit ${rowsWanted.conditions.at(-1)}`,
        [...rowsWanted.values],
      ),
      pool.query<{ count: string }>(`select count(*) from ${from} ${where(filter)}`, [...filter.values]),
    ])
    const data = rows.slice(0, limit).map(select.itemOf)
    const last = data.at(-1)
    const hasMore = rows.length > limit
    return {
      data,
      pagination: {
        limit,
        has_more: hasMore,
        next_cursor: hasMore && last !== undefined ? select.cursorOf(last) : null,
        total_count: Number(counted.rows[0]?.count ?? 0),
      },
    }
  }

  const before = (filter: Filter, time: string, id: string, cursor: string | null): Filter => {
    const at = timedCursor(cursor)
    if (at === undefined) return filter
    const timed = and(filter, at.time, (place) => place)
    const both = and(timed, at.id, (place) => `(${time}, ${id}) < (${timed.conditions.at(-1)}::timestamptz, ${place})`)
    return { conditions: [...filter.conditions, ...both.conditions.slice(-1)], values: both.values }
  }

  return {
    active(request) {
      const active: Filter = {
        conditions: ["o.status in ('SUBMITTED', 'OPEN', 'PARTIALLY_FILLED', 'PENDING_CANCEL')"],
        values: [],
      }
      const market = ofMarket(request)
      const filter = { conditions: [...market.conditions, ...active.conditions], values: market.values }
      return page<OrderRecord, OrderRow>({
        columns: ORDER,
        from: ORDERS,
        filter,
        after:
          request.cursor === null ? filter : and(filter, request.cursor, (place) => `o.client_order_id > ${place}`),
        orderBy: 'o.client_order_id',
        limit: request.limit,
        itemOf: orderRowOf,
        cursorOf: (order) => order.order_id,
      })
    },

    search(request) {
      const market = during(ofMarket(request), 'o.created_at', request.start_time, request.end_time)
      const filter =
        request.status === null || request.status === ''
          ? market
          : and(market, request.status, (place) => `o.status = ${place}`)
      return page<OrderRecord, OrderRow>({
        columns: ORDER,
        from: ORDERS,
        filter,
        after: before(filter, 'o.created_at', 'o.client_order_id', request.cursor),
        orderBy: 'o.created_at desc, o.client_order_id desc',
        limit: request.limit,
        itemOf: orderRowOf,
        cursorOf: (order) => `${order.created_at}:${order.order_id}`,
      })
    },

    trades(request) {
      const filter = during(
        among(ofMarket(request), 'o.trade_type', request.trade_types),
        't.timestamp',
        request.start_time,
        request.end_time,
      )
      return page<TradeRecord, TradeRow>({
        columns: TRADE,
        from: TRADES,
        filter,
        after: before(filter, 't.timestamp', 't.trade_id', request.cursor),
        orderBy: 't.timestamp desc, t.trade_id desc',
        limit: request.limit,
        itemOf: tradeRowOf,
        cursorOf: (trade) => `${trade.timestamp}:${trade.trade_id}`,
      })
    },

    async history(clientOrderId) {
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
