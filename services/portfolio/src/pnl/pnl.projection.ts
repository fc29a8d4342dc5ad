import { fundingEvents, orderEvents } from '@colibri/contracts'
import type { Projection, RecordedEvent } from '@colibri/event-log'
import type { PoolClient } from 'pg'
import { type Book, compareFills, emptyBook, type Fill, foldFills, tradeSequence } from './book.ts'
import { bookOf, bookToText, storedFill } from './book-text.ts'

/** Spot and one-way perpetuals have one book a market; an account in hedge mode one for each side. */
export type BookSide = 'BOTH' | 'LONG' | 'SHORT'

/** A market of one account. */
export interface BookKey {
  readonly account_name: string
  readonly connector_name: string
  readonly trading_pair: string
  readonly side: BookSide
}

const tables = `
create table if not exists pnl_orders (
  client_order_id text primary key,
  account_name text not null,
  connector_name text not null,
  trading_pair text not null,
  trade_type text not null
);
create table if not exists pnl_books (
  account_name text not null,
  connector_name text not null,
  trading_pair text not null,
  side text not null,
  primary key (account_name, connector_name, trading_pair, side)
);
create table if not exists pnl_fills (
  account_name text not null,
  connector_name text not null,
  trading_pair text not null,
  side text not null,
  venue_time bigint not null,
  sequence text collate "C" not null,
  client_order_id text collate "C" not null,
  fill jsonb not null,
  book jsonb not null,
  primary key (account_name, connector_name, trading_pair, side, venue_time, sequence, client_order_id)
);
create table if not exists pnl_funding (
  account_name text not null,
  connector_name text not null,
  trading_pair text not null,
  venue_id text not null,
  venue_time bigint not null,
  amount numeric not null,
  currency text not null,
  primary key (account_name, connector_name, trading_pair, venue_id)
);
`

const STORE_ORDERS = `
insert into pnl_orders select client_order_id, account_name, connector_name, trading_pair, trade_type
from jsonb_to_recordset($1::jsonb)
  as row(client_order_id text, account_name text, connector_name text, trading_pair text, trade_type text)
on conflict do nothing`

const LOAD_ORDERS = `select client_order_id, account_name, connector_name, trading_pair, trade_type
from pnl_orders where client_order_id = any($1)`

const STORE_BOOKS = `
insert into pnl_books select account_name, connector_name, trading_pair, side
from jsonb_to_recordset($1::jsonb) as row(account_name text, connector_name text, trading_pair text, side text)
on conflict do nothing`

const KEYS = `jsonb_to_recordset($1::jsonb) as k(ordinal integer, account_name text, connector_name text,
  trading_pair text, side text, venue_time bigint, sequence text, client_order_id text)`
const SAME_BOOK = `f.account_name = k.account_name and f.connector_name = k.connector_name
  and f.trading_pair = k.trading_pair and f.side = k.side`
const PLACE = `(f.venue_time, f.sequence, f.client_order_id)`
const KEY_PLACE = `(k.venue_time, k.sequence, k.client_order_id)`

/** The book just before each key. */
const LOAD_BEFORE = `
select k.ordinal, f.book from ${KEYS} cross join lateral (
  select f.book from pnl_fills f where ${SAME_BOOK} and ${PLACE} < ${KEY_PLACE}
  order by f.venue_time desc, f.sequence desc, f.client_order_id desc limit 1) f`

/** The fills from each key on: what has to be counted again because an earlier one came late. */
const LOAD_AFTER = `
select k.ordinal, f.fill from ${KEYS} cross join lateral (
  select f.fill from pnl_fills f where ${SAME_BOOK} and ${PLACE} >= ${KEY_PLACE}) f`

const STORE_FILLS = `
insert into pnl_fills select account_name, connector_name, trading_pair, side, venue_time, sequence, client_order_id, fill, book
from jsonb_to_recordset($1::jsonb) as row(account_name text, connector_name text, trading_pair text, side text,
  venue_time bigint, sequence text, client_order_id text, fill jsonb, book jsonb)
on conflict (account_name, connector_name, trading_pair, side, venue_time, sequence, client_order_id)
  do update set fill = excluded.fill, book = excluded.book`

const STORE_FUNDING = `
insert into pnl_funding select account_name, connector_name, trading_pair, venue_id, venue_time, amount, currency
from jsonb_to_recordset($1::jsonb) as row(account_name text, connector_name text, trading_pair text, venue_id text,
  venue_time bigint, amount numeric, currency text)
on conflict do nothing`

interface OrderRow {
  readonly client_order_id: string
  readonly account_name: string
  readonly connector_name: string
  readonly trading_pair: string
  readonly trade_type: 'BUY' | 'SELL'
}

/** What came for one book in a batch. */
interface Arrived {
  readonly key: BookKey
  readonly fills: Fill[]
}

const placeOf = (fill: Fill) => ({
  venue_time: fill.venueTime,
  sequence: tradeSequence(fill.tradeId),
  client_order_id: fill.clientOrderId,
})

const store = async (client: PoolClient, name: string, text: string, rows: readonly object[]): Promise<void> => {
  if (rows.length > 0) await client.query({ name: `pnl-${name}`, text, values: [JSON.stringify(rows)] })
}

const orderIdOf = (event: RecordedEvent): string => event.streamId.slice('order-'.length)

const takeOrders = async (
  events: readonly RecordedEvent[],
  client: PoolClient,
): Promise<ReadonlyMap<string, OrderRow>> => {
  const orders = new Map<string, OrderRow>()
  for (const { type, data } of events) {
    if (type !== 'OrderSubmitted') continue
    const order = orderEvents.OrderSubmitted.parse(data)
    orders.set(order.clientOrderId, {
      client_order_id: order.clientOrderId,
      account_name: order.accountName,
      connector_name: order.connectorName,
      trading_pair: order.tradingPair,
      trade_type: order.tradeType,
    })
  }
  await store(client, 'orders', STORE_ORDERS, [...orders.values()])
  const filled = new Set(events.filter(({ type }) => type === 'OrderFilled').map(orderIdOf))
  const missing = [...filled].filter((id) => !orders.has(id))
  if (missing.length > 0) {
    const { rows } = await client.query<OrderRow>({ name: 'pnl-load-orders', text: LOAD_ORDERS, values: [missing] })
    for (const row of rows) orders.set(row.client_order_id, row)
  }
  return orders
}

const arrivedIn = (events: readonly RecordedEvent[], orders: ReadonlyMap<string, OrderRow>): readonly Arrived[] => {
  const books = new Map<string, Arrived>()
  for (const event of events) {
    if (event.type !== 'OrderFilled') continue
    const clientOrderId = orderIdOf(event)
    const order = orders.get(clientOrderId)
    if (order === undefined) throw new Error(`a fill of order ${clientOrderId} before its submission`)
    const { positionSide, liquidity: _, ...fill } = orderEvents.OrderFilled.parse(event.data)
    const { account_name, connector_name, trading_pair, trade_type } = order
    const key: BookKey = { account_name, connector_name, trading_pair, side: positionSide ?? 'BOTH' }
    const name = JSON.stringify(key)
    const arrived = books.get(name) ?? { key, fills: [] }
    books.set(name, arrived)
    arrived.fills.push({ ...fill, clientOrderId, tradeType: trade_type })
  }
  return [...books.values()]
}

const takeFills = async (arrived: readonly Arrived[], client: PoolClient): Promise<void> => {
  if (arrived.length === 0) return
  const firsts = arrived.map(({ key, fills }, ordinal) => {
    const first = fills.reduce((earliest, fill) => (compareFills(fill, earliest) < 0 ? fill : earliest))
    return { ordinal, ...key, ...placeOf(first) }
  })
  const values = [JSON.stringify(firsts)]
  const before = new Map<number, Book>()
  const earlier = await client.query<{ ordinal: number; book: unknown }>({
    name: 'pnl-before',
    text: LOAD_BEFORE,
    values,
  })
  for (const { ordinal, book } of earlier.rows) before.set(ordinal, bookOf(book))
  const later = await client.query<{ ordinal: number; fill: unknown }>({ name: 'pnl-after', text: LOAD_AFTER, values })
  const known = new Map<number, Fill[]>()
  for (const { ordinal, fill } of later.rows) {
    const fills = known.get(ordinal) ?? []
    known.set(ordinal, fills)
    fills.push(storedFill.parse(fill))
  }
  const rows = arrived.flatMap(({ key, fills }, ordinal) =>
    foldFills(before.get(ordinal) ?? emptyBook, [...(known.get(ordinal) ?? []), ...fills]).map(({ fill, after }) => ({
      ...key,
      ...placeOf(fill),
      fill,
      book: bookToText(after),
    })),
  )
  await store(
    client,
    'books',
    STORE_BOOKS,
    arrived.map(({ key }) => key),
  )
  await store(client, 'fills', STORE_FILLS, rows)
}

const takeFunding = async (events: readonly RecordedEvent[], client: PoolClient): Promise<void> => {
  const rows = events.flatMap(({ type, data }) => {
    if (type !== 'FundingPaid') return []
    const paid = fundingEvents.FundingPaid.parse(data)
    return [
      {
        account_name: paid.accountName,
        connector_name: paid.connectorName,
        trading_pair: paid.tradingPair,
        venue_id: paid.venueId,
        venue_time: paid.venueTime,
        amount: paid.amount,
        currency: paid.currency,
      },
    ]
  })
  await store(client, 'funding', STORE_FUNDING, rows)
}

/**
 * Fills with the book after each of them, and funding payments. A book depends on the set of its fills alone: one that is
 * recorded late is put where the venue's time says, and what comes after it is counted again.
 */
export const pnlProjection: Projection = {
  name: 'pnl',
  filter: { categories: ['order', 'funding'], types: ['OrderSubmitted', 'OrderFilled', 'FundingPaid'] },
  tables,
  async apply(events, client) {
    const orders = await takeOrders(events, client)
    await takeFills(arrivedIn(events, orders), client)
    await takeFunding(events, client)
  },
}
