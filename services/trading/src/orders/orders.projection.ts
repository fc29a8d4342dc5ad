import type { OrderEvent } from '@colibri/contracts'
import type { Projection, RecordedEvent } from '@colibri/event-log'
import type { PoolClient } from 'pg'
import { Exact } from '../decimal.ts'
import { type OrderProgress, orderEventOf, statusFrom } from './order.ts'
import { countMoves, ORDER_COUNTS } from './order-counts.ts'
import type { OrdersTable, TradesTable } from './orders.tables.ts'

/** A row of `orders` as the projection writes it: times as text. The status and the average follow from the last columns. */
interface Row extends Omit<OrdersTable, 'created_at' | 'updated_at' | 'outcome' | 'cancel'> {
  created_at: string
  updated_at: string
  outcome: OrderProgress['outcome']
  cancel: OrderProgress['cancel']
}

type Trade = Omit<TradesTable, 'timestamp'> & { readonly timestamp: string }

const tables = `
create table if not exists orders (
  client_order_id text primary key,
  exchange_order_id text,
  account_name text not null,
  connector_name text not null,
  trading_pair text not null,
  trade_type text not null,
  order_type text not null,
  amount numeric not null,
  price numeric,
  status text not null,
  filled_amount numeric not null,
  average_fill_price numeric,
  fee_paid numeric,
  fee_currency text,
  error_message text,
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  outcome text not null,
  cancel text not null,
  filled_quote numeric not null
);
create index if not exists orders_newest on orders (created_at desc, client_order_id desc);
create index if not exists orders_kind on orders
  (account_name, connector_name, trading_pair, status, created_at desc, client_order_id desc);
create index if not exists orders_active on orders (client_order_id)
  where status in ('SUBMITTED', 'OPEN', 'PARTIALLY_FILLED', 'PENDING_CANCEL');
create index if not exists orders_exchange_order_id on orders (exchange_order_id);
create index if not exists orders_lifetime on orders using brin (created_at, updated_at)
  with (pages_per_range = 16, autosummarize = on);
create table if not exists trades (
  trade_id text primary key,
  client_order_id text not null,
  timestamp timestamptz(3) not null,
  amount numeric not null,
  price numeric not null,
  fee_paid numeric not null,
  fee_currency text
);
alter table trades add column if not exists fee_amount numeric;
alter table trades add column if not exists fee_asset text;
alter table trades add column if not exists position_side text;
alter table trades add column if not exists account text;
alter table trades add column if not exists connector text;
create index if not exists trades_newest on trades (timestamp desc, trade_id desc);
create index if not exists trades_of_place on trades (account, connector, timestamp);
create index if not exists trades_client_order_id on trades (client_order_id);
${ORDER_COUNTS}`

const columns = [
  'exchange_order_id',
  'status',
  'filled_amount',
  'average_fill_price',
  'fee_paid',
  'fee_currency',
  'error_message',
  'updated_at',
  'outcome',
  'cancel',
  'filled_quote',
] as const

const LOAD = `select client_order_id, exchange_order_id, account_name, connector_name, trading_pair, trade_type, order_type,
  amount::text, price::text, status, filled_amount::text, average_fill_price::text, fee_paid::text, fee_currency,
  error_message, to_json(created_at) #>> '{}' as created_at, to_json(updated_at) #>> '{}' as updated_at,
  outcome, cancel, filled_quote::text
  from orders where client_order_id = any($1)`

const STORE = `insert into orders select * from jsonb_populate_recordset(null::orders, $1::jsonb)
  on conflict (client_order_id) do update set ${columns.map((name) => `${name} = excluded.${name}`).join(', ')}`

const STORE_TRADES = `insert into trades select * from jsonb_populate_recordset(null::trades, $1::jsonb)
  on conflict (trade_id) do nothing`

/** Significant decimals of an average price: what the contract's NUMERIC(30, 18) keeps. */
const AVERAGE_DECIMALS = 18

const iso = (milliseconds: number): string => new Date(milliseconds).toISOString()
const exact = (text: string): string => new Exact(text).toString()

const quoteOf = (tradingPair: string): string => tradingPair.slice(tradingPair.indexOf('-') + 1)

const rowOf = (data: Extract<OrderEvent, { type: 'OrderSubmitted' }>['data'], time: number): Row => ({
  client_order_id: data.clientOrderId,
  exchange_order_id: null,
  account_name: data.accountName,
  connector_name: data.connectorName,
  trading_pair: data.tradingPair,
  trade_type: data.tradeType,
  order_type: data.orderType,
  amount: exact(data.amount),
  price: data.price === null ? null : exact(data.price),
  status: 'SUBMITTED',
  filled_amount: '0',
  average_fill_price: null,
  fee_paid: null,
  fee_currency: null,
  error_message: null,
  created_at: iso(time),
  updated_at: iso(time),
  outcome: 'pending',
  cancel: 'none',
  filled_quote: '0',
})

type Fill = Extract<OrderEvent, { type: 'OrderFilled' }>['data']

/** A fee in quote where its worth was known, else in the currency it was taken in. */
const feeOf = (fill: Fill, tradingPair: string): { readonly amount: string; readonly currency: string } =>
  fill.feeInQuote === null
    ? { amount: exact(fill.feeAmount), currency: fill.feeCurrency }
    : { amount: exact(fill.feeInQuote), currency: quoteOf(tradingPair) }

/** Fees in several currencies have no sum: then the order shows none, and its trades show each. */
const addFee = (row: Row, fee: { readonly amount: string; readonly currency: string }): void => {
  const first = row.filled_amount === '0'
  if (first) {
    row.fee_paid = fee.amount
    row.fee_currency = fee.currency
  } else if (row.fee_paid !== null && row.fee_currency === fee.currency) {
    row.fee_paid = new Exact(row.fee_paid).plus(fee.amount).toString()
  } else {
    row.fee_paid = null
    row.fee_currency = null
  }
}

/** `average_fill_price` is volume-weighted, Σ(price·amount)/Σamount; the original kept the newest fill's price. */
const addFill = (row: Row, fill: Fill): Trade => {
  const fee = feeOf(fill, row.trading_pair)
  addFee(row, fee)
  const amount = new Exact(row.filled_amount).plus(fill.amount)
  const quote = new Exact(row.filled_quote).plus(new Exact(fill.price).times(fill.amount))
  row.filled_amount = amount.toString()
  row.filled_quote = quote.toString()
  row.average_fill_price = amount.isZero() ? null : quote.div(amount).toDecimalPlaces(AVERAGE_DECIMALS).toString()
  return {
    trade_id: `${row.client_order_id}_${fill.tradeId}`,
    client_order_id: row.client_order_id,
    timestamp: iso(fill.venueTime),
    amount: exact(fill.amount),
    price: exact(fill.price),
    fee_paid: fee.amount,
    fee_currency: fee.currency,
    fee_amount: exact(fill.feeAmount),
    fee_asset: fill.feeCurrency,
    position_side: fill.positionSide ?? null,
    account: row.account_name,
    connector: row.connector_name,
  }
}

/** Applies one event to a row; the row's facts follow `evolve` of the aggregate. Gives the trade a fill makes. */
const applyEvent = (row: Row, event: Exclude<OrderEvent, { type: 'OrderSubmitted' }>): Trade | undefined => {
  switch (event.type) {
    case 'OrderAccepted':
      row.outcome = 'accepted'
      row.exchange_order_id = event.data.venueOrderId
      row.error_message = null
      return undefined
    case 'OrderRejected':
      if (row.filled_amount !== '0') return undefined
      row.outcome = 'rejected'
      row.error_message = event.data.reason
      return undefined
    case 'OrderOutcomeUnknown':
      if (row.outcome === 'pending') row.outcome = 'unknown'
      return undefined
    case 'OrderFilled':
      row.outcome = 'accepted'
      row.error_message = null
      return addFill(row, event.data)
    case 'OrderCancelRequested':
      if (row.cancel === 'none') row.cancel = 'requested'
      return undefined
    case 'OrderCancelRejected':
      if (row.cancel !== 'done') row.cancel = 'none'
      return undefined
    case 'OrderCancelUnknown':
      if (row.cancel === 'requested') row.cancel = 'unknown'
      return undefined
    case 'OrderCancelled':
      row.cancel = 'done'
      return undefined
  }
}

const idOf = (event: RecordedEvent): string => event.streamId.slice('order-'.length)

const loadRows = async (events: readonly RecordedEvent[], client: PoolClient): Promise<Map<string, Row>> => {
  const fresh = new Set(events.filter((event) => event.type === 'OrderSubmitted').map(idOf))
  const known = [...new Set(events.map(idOf))].filter((id) => !fresh.has(id))
  if (known.length === 0) return new Map()
  const { rows } = await client.query<Row>({ name: 'orders-projection-load', text: LOAD, values: [known] })
  return new Map(rows.map((row) => [row.client_order_id, row]))
}

/** Applies one event of the log to the rows; gives the trades it makes. */
const applyRecorded = (rows: Map<string, Row>, recorded: RecordedEvent): readonly Trade[] => {
  const event = orderEventOf(recorded)
  const id = idOf(recorded)
  if (event.type === 'OrderSubmitted') {
    rows.set(id, rowOf(event.data, recorded.metadata.time))
    return []
  }
  const row = rows.get(id)
  if (row === undefined) throw new Error(`${event.type} of order ${id} before its submission`)
  const trade = applyEvent(row, event)
  row.status = statusFrom({
    amount: row.amount,
    filledAmount: row.filled_amount,
    outcome: row.outcome,
    cancel: row.cancel,
  })
  row.updated_at = iso(recorded.metadata.time)
  return trade === undefined ? [] : [trade]
}

export interface FoldedOrder {
  readonly row: OrdersTable
  /** `trade_id` of its fills. */
  readonly tradeIds: readonly string[]
}

/** The row the events of one order make; undefined without any. */
export const foldOrder = (events: readonly RecordedEvent[]): FoldedOrder | undefined => {
  const rows = new Map<string, Row>()
  const trades = events.flatMap((event) => applyRecorded(rows, event))
  const [row] = rows.values()
  if (row === undefined) return undefined
  const times = { created_at: new Date(row.created_at), updated_at: new Date(row.updated_at) }
  return { row: { ...row, ...times }, tradeIds: trades.map(({ trade_id: id }) => id) }
}

/** Orders and their fills as rows and how many orders there are, one read and at most three writes per batch. */
export const ordersProjection: Projection = {
  name: 'orders',
  filter: { categories: ['order'] },
  tables,
  async apply(events, client) {
    const rows = await loadRows(events, client)
    const counts = countMoves()
    const before = new Map([...rows].map(([id, row]) => [id, { ...row }]))
    const trades: Trade[] = []
    for (const recorded of events) trades.push(...applyRecorded(rows, recorded))
    await client.query({ name: 'orders-projection-store', text: STORE, values: [JSON.stringify([...rows.values()])] })
    if (trades.length > 0) {
      await client.query({ name: 'orders-projection-trades', text: STORE_TRADES, values: [JSON.stringify(trades)] })
    }
    for (const [id, row] of rows) counts.moved(before.get(id), row)
    await counts.store(client)
  },
}
