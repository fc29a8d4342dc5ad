import { fundingEvents, type OrderEvent } from '@colibri/contracts'
import type { Projection, RecordedEvent } from '@colibri/event-log'
import type { PoolClient } from 'pg'
import { type Book, compareFills, type Entry, emptyBook, type Fill, foldFills, tradeSequence } from './book.ts'
import { bookOf, bookToText, fillToRow, storedFill } from './book-text.ts'

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
  id integer primary key,
  account_name text not null,
  connector_name text not null,
  trading_pair text not null,
  side text not null,
  unique (account_name, connector_name, trading_pair, side)
);
create table if not exists pnl_fills (
  book_id integer not null,
  venue_time bigint not null,
  sequence text collate "C" not null,
  client_order_id text collate "C" not null,
  fill json not null,
  book json not null,
  primary key (book_id, venue_time, sequence, client_order_id)
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

const BOOK_ROWS = `jsonb_to_recordset($1::jsonb)
  as row(ordinal integer, account_name text, connector_name text, trading_pair text, side text)`

const LOAD_BOOKS = `
select row.ordinal, b.id from ${BOOK_ROWS}
  join pnl_books b using (account_name, connector_name, trading_pair, side)`

/** Ids count the books in the order of their first fills in the log, so that a rebuild gives the same ones. */
const STORE_BOOKS = `
insert into pnl_books
select coalesce((select max(id) from pnl_books), 0) + row_number() over (order by row.ordinal),
  row.account_name, row.connector_name, row.trading_pair, row.side
from ${BOOK_ROWS}`

/** The newest fill of each book. */
const LOAD_NEWEST = `
select k.id, f.fill, f.book from unnest($1::integer[]) k(id) cross join lateral (
  select f.fill, f.book from pnl_fills f where f.book_id = k.id
  order by f.venue_time desc, f.sequence desc, f.client_order_id desc limit 1) f`

const PLACE = `(f.venue_time, f.sequence, f.client_order_id)`

/** The book just before a place. */
const LOAD_BEFORE = `select f.book from pnl_fills f where f.book_id = $1 and ${PLACE} < ($2, $3, $4)
order by f.venue_time desc, f.sequence desc, f.client_order_id desc limit 1`

/** The fills from a place on: what has to be counted again because an earlier one came late. */
const LOAD_AFTER = `select f.fill from pnl_fills f where f.book_id = $1 and ${PLACE} >= ($2, $3, $4)`

const STORE_FILLS = `
insert into pnl_fills select book_id, venue_time, sequence, client_order_id, fill, book
from json_to_recordset($1::json)
  as row(book_id integer, venue_time bigint, sequence text, client_order_id text, fill json, book json)
on conflict (book_id, venue_time, sequence, client_order_id) do update set book = excluded.book`

const STORE_FUNDING = `
insert into pnl_funding select account_name, connector_name, trading_pair, venue_id, venue_time, amount, currency
from jsonb_to_recordset($1::jsonb) as row(account_name text, connector_name text, trading_pair text, venue_id text,
  venue_time bigint, amount numeric, currency text)
on conflict do nothing`

/** The log holds what was checked when it was written. */
type EventData<Type extends OrderEvent['type']> = Extract<OrderEvent, { readonly type: Type }>['data']

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
    const order = data as EventData<'OrderSubmitted'>
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
    const { positionSide, liquidity: _, ...fill } = event.data as EventData<'OrderFilled'>
    const { account_name, connector_name, trading_pair, trade_type } = order
    const key: BookKey = { account_name, connector_name, trading_pair, side: positionSide ?? 'BOTH' }
    const name = JSON.stringify(key)
    const arrived = books.get(name) ?? { key, fills: [] }
    books.set(name, arrived)
    arrived.fills.push({ ...fill, clientOrderId, tradeType: trade_type })
  }
  return [...books.values()]
}

/** The ids of these books, new ones made. */
const idsOf = async (arrived: readonly Arrived[], client: PoolClient): Promise<ReadonlyMap<number, number>> => {
  const rows = arrived.map(({ key }, ordinal) => ({ ordinal, ...key }))
  const known = async () => {
    const found = await client.query<{ ordinal: number; id: number }>({
      name: 'pnl-load-books',
      text: LOAD_BOOKS,
      values: [JSON.stringify(rows)],
    })
    return new Map(found.rows.map(({ ordinal, id }) => [ordinal, id]))
  }
  const before = await known()
  if (before.size === rows.length) return before
  const fresh = rows.filter(({ ordinal }) => !before.has(ordinal))
  await store(client, 'books', STORE_BOOKS, fresh)
  return known()
}

interface Counted extends Entry {
  readonly bookId: number
}

/** Usually every fill is newer than what is stored. What is not is put in its place, and all after it counted again. */
const counted = async (
  bookId: number,
  fills: readonly Fill[],
  newest: Entry | undefined,
  client: PoolClient,
): Promise<readonly Counted[]> => {
  const first = fills.reduce((earliest, fill) => (compareFills(fill, earliest) < 0 ? fill : earliest))
  const entries = (before: Book, all: readonly Fill[]) => foldFills(before, all).map((entry) => ({ bookId, ...entry }))
  if (newest === undefined) return entries(emptyBook, fills)
  if (compareFills(newest.fill, first) < 0) return entries(newest.after, fills)
  const values = [bookId, first.venueTime, tradeSequence(first.tradeId), first.clientOrderId]
  const earlier = await client.query<{ book: unknown }>({ name: 'pnl-before', text: LOAD_BEFORE, values })
  const later = await client.query<{ fill: unknown }>({ name: 'pnl-after', text: LOAD_AFTER, values })
  const before = earlier.rows[0]
  return entries(before === undefined ? emptyBook : bookOf(before.book), [
    ...later.rows.map(({ fill }) => storedFill.parse(fill)),
    ...fills,
  ])
}

const takeFills = async (arrived: readonly Arrived[], client: PoolClient): Promise<void> => {
  if (arrived.length === 0) return
  const ids = await idsOf(arrived, client)
  const found = await client.query<{ id: number; fill: unknown; book: unknown }>({
    name: 'pnl-newest',
    text: LOAD_NEWEST,
    values: [[...ids.values()]],
  })
  const newest = new Map(
    found.rows.map(({ id, fill, book }): [number, Entry] => [
      id,
      { fill: storedFill.parse(fill), after: bookOf(book) },
    ]),
  )
  const rows: Counted[] = []
  for (const [ordinal, bookId] of ids) {
    const fills = arrived[ordinal]?.fills ?? []
    rows.push(...(await counted(bookId, fills, newest.get(bookId), client)))
  }
  await store(
    client,
    'fills',
    STORE_FILLS,
    rows.map(({ bookId, fill, after }) => ({
      book_id: bookId,
      venue_time: fill.venueTime,
      sequence: tradeSequence(fill.tradeId),
      client_order_id: fill.clientOrderId,
      fill: fillToRow(fill),
      book: bookToText(after),
    })),
  )
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
