import type { Pool } from 'pg'
import { type Book, emptyBook, Money } from '../pnl/book.ts'
import { bookOf } from '../pnl/book-text.ts'
import { movedBy } from './movements.ts'
import type { PastHoldingsTable } from './past.projection.ts'

/** One account at one connector as it was, units as decimal text. */
export interface PastHolding {
  readonly accountName: string
  readonly connectorName: string
  readonly balances: readonly { readonly token: string; readonly units: string; readonly available: string }[]
}

export interface PastHoldings {
  /** Of the snapshot it all begins with; null when there is none that old. */
  readonly takenAt: number | null
  readonly holdings: readonly PastHolding[]
}

const HOLDINGS = `
select taken_at, account_name, connector_name, asked_at, tokens from portfolio.past_holdings
where taken_at = (select max(taken_at) from portfolio.past_holdings where taken_at <= $1)
order by account_name, connector_name`

const NEWEST = `order by f.venue_time desc, f.sequence desc, f.client_order_id desc limit 1`
const SAME = `f.book_id = b.id`

/** Every book of an account at a connector: after the last fill up to a time, and up to an earlier one. */
const MOVED = `
select b.trading_pair, ending.book as ending, beginning.book as beginning
from portfolio.pnl_books b
  join lateral (select f.book, f.venue_time from portfolio.pnl_fills f
    where ${SAME} and f.venue_time <= $4 ${NEWEST}) ending on ending.venue_time > $3
  left join lateral (select f.book from portfolio.pnl_fills f
    where ${SAME} and f.venue_time <= $3 ${NEWEST}) beginning on true
where b.account_name = $1 and b.connector_name = $2 order by b.trading_pair, b.side`

const PAID = `
select currency, trim_scale(sum(amount))::text as amount from portfolio.pnl_funding
where account_name = $1 and connector_name = $2 and venue_time > $3 and venue_time <= $4 group by currency order by currency`

/** Last fills of any account, newest first, of pairs that end in a token. */
const TRADED = `
select b.trading_pair, f.fill->>'price' as price, f.venue_time from portfolio.pnl_books b
  cross join lateral (select f.fill, f.venue_time from portfolio.pnl_fills f
    where ${SAME} and f.venue_time <= $3 ${NEWEST}) f
where b.connector_name = $1 and b.trading_pair = any($2) order by f.venue_time desc, b.account_name, b.side`

/** What a token was worth in the snapshot before a time, in any account of the connector. */
const SNAPSHOT_PRICES = `
select token->>'token' as token, token->>'price' as price, s.taken_at from portfolio.past_holdings s
  cross join lateral jsonb_array_elements(s.tokens) token
where s.connector_name = $1 and s.taken_at = (select max(taken_at) from portfolio.past_holdings where taken_at <= $2)
order by s.account_name`

/** A price and when it was seen, epoch milliseconds. */
export interface SeenPrice {
  readonly price: string
  readonly time: number
}

interface MovedRow {
  readonly trading_pair: string
  readonly ending: unknown
  readonly beginning: unknown
}

const bookOrEmpty = (stored: unknown): Book => (stored === null ? emptyBook : bookOf(stored))

const text = (units: Money): string => (units.isZero() ? '0' : units.toFixed())

/** `current` resolves when the tables show every snapshot, fill and payment that was recorded before. */
export const pastQueries = (pool: Pool, current: () => Promise<void>) => {
  const moved = async (
    { account_name, connector_name, asked_at }: PastHoldingsTable,
    at: number,
  ): Promise<ReadonlyMap<string, Money>> => {
    const values = [account_name, connector_name, asked_at, at]
    const [books, paid] = await Promise.all([
      pool.query<MovedRow>({ name: 'portfolio-past-moved', text: MOVED, values }),
      pool.query<{ currency: string; amount: string }>({ name: 'portfolio-past-paid', text: PAID, values }),
    ])
    return movedBy(
      connector_name,
      books.rows.map((row) => ({
        tradingPair: row.trading_pair,
        ending: bookOrEmpty(row.ending),
        beginning: bookOrEmpty(row.beginning),
      })),
      paid.rows,
    )
  }

  const holdingAt = async (row: PastHoldingsTable, at: number): Promise<PastHolding> => {
    const movements = await moved(row, at)
    const known = new Map(row.tokens.map((held) => [held.token, held]))
    const names = [...known.keys(), ...[...movements.keys()].filter((token) => !known.has(token)).sort()]
    return {
      accountName: row.account_name,
      connectorName: row.connector_name,
      balances: names.map((token) => {
        const by = movements.get(token) ?? new Money(0)
        return {
          token,
          units: text(by.plus(known.get(token)?.units ?? 0)),
          available: text(Money.max(0, by.plus(known.get(token)?.available ?? 0))),
        }
      }),
    }
  }

  return {
    /** Balances at a time: those of the snapshot before it, moved by the fills and funding payments in between. */
    async holdings(at: number): Promise<PastHoldings> {
      await current()
      const { rows } = await pool.query<PastHoldingsTable>({ name: 'portfolio-past', text: HOLDINGS, values: [at] })
      const [first] = rows
      return {
        takenAt: first === undefined ? null : Number(first.taken_at),
        holdings: await Promise.all(rows.map((row) => holdingAt(row, at))),
      }
    },

    /** The last trade of each pair on the connector up to a time. */
    async traded(
      connectorName: string,
      tradingPairs: readonly string[],
      at: number,
    ): Promise<ReadonlyMap<string, SeenPrice>> {
      const { rows } = await pool.query<{ trading_pair: string; price: string; venue_time: string }>({
        name: 'portfolio-past-traded',
        text: TRADED,
        values: [connectorName, tradingPairs, at],
      })
      const newest = new Map<string, SeenPrice>()
      for (const { trading_pair: pair, price, venue_time: time } of rows)
        if (!newest.has(pair)) newest.set(pair, { price, time: Number(time) })
      return newest
    },

    /** USDT for each token in the snapshot before a time; what had no price then is left out. */
    async snapshotPrices(connectorName: string, at: number): Promise<ReadonlyMap<string, SeenPrice>> {
      const { rows } = await pool.query<{ token: string; price: string; taken_at: string }>({
        name: 'portfolio-past-prices',
        text: SNAPSHOT_PRICES,
        values: [connectorName, at],
      })
      return new Map(
        rows
          .filter(({ price }) => !new Money(price).isZero())
          .map(({ token, price, taken_at: time }) => [token, { price, time: Number(time) }]),
      )
    },
  }
}
export type PastQueries = ReturnType<typeof pastQueries>
