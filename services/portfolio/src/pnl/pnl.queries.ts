import type { PnlMarket, PnlRequest, PnlResponse, PnlTotal } from '@colibri/contracts'
import { unprocessable } from '@colibri/service-kit'
import type { Pool } from 'pg'
import { someOrAll } from '../state/portfolio-state.ts'
import { type Book, emptyBook, Money } from './book.ts'
import { bookOf, textOf, textsOf } from './book-text.ts'
import type { BookKey } from './pnl.projection.ts'

export interface PnlDeps {
  readonly pool: Pool
  /** Resolves when the tables show every fill that was recorded before. */
  current(): Promise<void>
  /** Prices of markets now, or as they were at a time; absent where nobody knows one. */
  prices(
    connectorName: string,
    tradingPairs: readonly string[],
    at: number | null,
  ): Promise<ReadonlyMap<string, string>>
}

const MATCHES = `($1::text[] is null or b.account_name = any($1)) and ($2::text[] is null or b.connector_name = any($2))
  and ($3::text[] is null or b.trading_pair = any($3))`

const SAME = `f.book_id = b.id`
const NEWEST = `order by f.venue_time desc, f.sequence desc, f.client_order_id desc limit 1`

/** Each book as it was at the end of the window and just before its beginning. */
const BOOKS = `
select b.account_name, b.connector_name, b.trading_pair, b.side, ending.book as ending, beginning.book as beginning
from portfolio.pnl_books b
  left join lateral (select f.book from portfolio.pnl_fills f
    where ${SAME} and ($5::bigint is null or f.venue_time <= $5) ${NEWEST}) ending on true
  left join lateral (select f.book from portfolio.pnl_fills f
    where $4::bigint is not null and ${SAME} and f.venue_time < $4 ${NEWEST}) beginning on true
where ${MATCHES} order by b.account_name, b.connector_name, b.trading_pair, b.side`

const FUNDING = `
select b.account_name, b.connector_name, b.trading_pair, b.currency, trim_scale(sum(b.amount))::text as amount,
  count(*)::integer as payments
from portfolio.pnl_funding b
where ${MATCHES} and ($4::bigint is null or b.venue_time >= $4) and ($5::bigint is null or b.venue_time <= $5)
group by 1, 2, 3, 4 order by 1, 2, 3, 4`

interface Row extends BookKey {
  readonly ending: unknown
  readonly beginning: unknown
}

const AVERAGE_DECIMALS = 18

const difference = (
  ending: ReadonlyMap<string, Money>,
  beginning: ReadonlyMap<string, Money>,
): ReadonlyMap<string, Money> =>
  new Map(
    [...ending]
      .map(([currency, amount]) => [currency, amount.minus(beginning.get(currency) ?? 0)] as const)
      .filter(([, amount]) => !amount.isZero()),
  )

const windowOf = ({ ending, beginning }: Row) => ({
  ending: ending === null ? emptyBook : bookOf(ending),
  beginning: beginning === null ? emptyBook : bookOf(beginning),
})

/** What the position would win, sold at the price: position · price − cost; 0 without one, null without a price. */
const unrealised = ({ position, cost }: Book, price: string | null): Money | null => {
  if (position.isZero()) return new Money(0)
  return price === null ? null : position.times(price).minus(cost)
}

const marketOf = (row: Row, price: string | null): PnlMarket => {
  const { account_name, connector_name, trading_pair, side } = row
  const dash = trading_pair.lastIndexOf('-')
  const { ending, beginning } = windowOf(row)
  const { position, cost } = ending
  const open = unrealised(ending, price)
  return {
    account_name,
    connector_name,
    trading_pair,
    side,
    base: trading_pair.slice(0, dash),
    quote: trading_pair.slice(dash + 1),
    position: textOf(position),
    average_price: position.isZero() ? null : textOf(cost.div(position).toDecimalPlaces(AVERAGE_DECIMALS)),
    price,
    realized_pnl: textOf(ending.realised.minus(beginning.realised)),
    unrealized_pnl: open === null ? null : textOf(open),
    volume: textOf(ending.volumeQuote.minus(beginning.volumeQuote)),
    volume_base: textOf(ending.volumeBase.minus(beginning.volumeBase)),
    fees: textOf(ending.feesQuote.minus(beginning.feesQuote)),
    fees_by_currency: textsOf(difference(ending.fees, beginning.fees)),
    fees_without_price: textsOf(difference(ending.feesWithoutPrice, beginning.feesWithoutPrice)),
    fills: ending.fills - beginning.fills,
  }
}

const sum = (amounts: readonly string[]): Money => amounts.reduce((total, amount) => total.plus(amount), new Money(0))

/** In one quote token. A funding payment in another currency than its market's quote is in no total. */
const totalOf = (quote: string, markets: readonly PnlMarket[], funding: PnlResponse['funding']): PnlTotal => {
  const own = markets.filter((market) => market.quote === quote)
  const paid = sum(funding.flatMap(({ currency, amount }) => (currency === quote ? [amount] : [])))
  const realised = sum(own.map((market) => market.realized_pnl))
  const fees = sum(own.map((market) => market.fees))
  const known = own.flatMap(({ unrealized_pnl: open }) => (open === null ? [] : [open]))
  const open = known.length === own.length ? sum(known) : null
  const unpriced = own
    .flatMap((market) => Object.entries(market.fees_without_price))
    .reduce(
      (totals, [currency, amount]) => totals.set(currency, (totals.get(currency) ?? new Money(0)).plus(amount)),
      new Map<string, Money>(),
    )
  return {
    realized_pnl: textOf(realised),
    unrealized_pnl: open === null ? null : textOf(open),
    fees: textOf(fees),
    funding: textOf(paid),
    volume: textOf(sum(own.map((market) => market.volume))),
    net_pnl: open === null ? null : textOf(realised.plus(open).plus(paid).minus(fees)),
    fees_without_price: textsOf(unpriced),
  }
}

const iso = (time: number | null): string | null => (time === null ? null : new Date(time).toISOString())

/** Profit and loss of a window, market by market and in all. */
export const pnlQueries =
  ({ pool, current, prices }: PnlDeps) =>
  async ({ since, until, ...filter }: PnlRequest): Promise<PnlResponse> => {
    if (since !== null && until !== null && since > until) {
      const msg = `Value error, the window ends at ${iso(until)}, before it begins at ${iso(since)}`
      throw unprocessable([{ type: 'value_error', loc: ['query', 'until'], msg, input: until }])
    }
    await current()
    const values = [
      someOrAll(filter.account_names),
      someOrAll(filter.connector_names),
      someOrAll(filter.trading_pairs),
      since,
      until,
    ]
    const [books, funding] = await Promise.all([
      pool.query<Row>({ name: 'portfolio-pnl', text: BOOKS, values }),
      pool.query<PnlResponse['funding'][number]>({ name: 'portfolio-pnl-funding', text: FUNDING, values }),
    ])
    const open = books.rows.filter((row) => !windowOf(row).ending.position.isZero())
    const connectors = [...new Set(open.map((row) => row.connector_name))]
    const known = new Map(
      await Promise.all(
        connectors.map(async (connector) => {
          const pairs = open.filter((row) => row.connector_name === connector).map((row) => row.trading_pair)
          return [connector, await prices(connector, [...new Set(pairs)], until)] as const
        }),
      ),
    )
    const markets = books.rows
      .map((row) => marketOf(row, known.get(row.connector_name)?.get(row.trading_pair) ?? null))
      .filter(({ fills, position }) => fills > 0 || position !== '0')
    const quotes = new Set([...markets.map(({ quote }) => quote), ...funding.rows.map(({ currency }) => currency)])
    return {
      since: iso(since),
      until: iso(until),
      markets,
      funding: funding.rows,
      totals: Object.fromEntries([...quotes].sort().map((quote) => [quote, totalOf(quote, markets, funding.rows)])),
    }
  }
