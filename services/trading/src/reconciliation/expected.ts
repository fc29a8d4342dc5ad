import { driftEvents } from '@colibri/contracts'
import type { Pool } from 'pg'
import { z } from 'zod'
import { Exact } from '../decimal.ts'
import type { Effect, ExpectedBalances, Flow, SizedPosition } from './compare.ts'
import type { Place } from './drift-watch.ts'

/** What balances are counted from, as the log has it. */
export interface Basis {
  /** Epoch milliseconds of the look. */
  readonly at: number
  /** The newest effect that is in the numbers, epoch milliseconds by the venue's clock. */
  readonly through: number
  readonly balances: ExpectedBalances
  /** Effects so near to the look that clocks cannot tell whether they were in the numbers before. */
  readonly doubtful: readonly Effect[]
  /** Fills and payments since. */
  readonly count: number
}

/** What the log says an account has. */
export interface Expected {
  /** Undefined before the first look. */
  readonly basis: Basis | undefined
  readonly positions: readonly SizedPosition[]
  /** The newest fill or funding payment, epoch milliseconds by the venue's clock; 0 for none. */
  readonly newestEffect: number
  /** Version of the newest event of the place's stream; undefined for none. */
  readonly version: number | undefined
}

/** Clocks of venues are this well known. */
const CLOCKS_APART_MS = 5_000

/** Fills from before rows named their account are from before the first look. */
const FILLS = `
select o.trading_pair, o.trade_type, t.fee_asset, sum(t.amount)::text as amount, sum(t.amount * t.price)::text as quote,
  sum(t.fee_amount)::text as fee, count(*)::int as count
from trading.trades t join trading.orders o on o.client_order_id = t.client_order_id
where t.account = $1 and t.connector = $2 and t.timestamp > $3
group by 1, 2, 3`

const DOUBTFUL = `
select o.trading_pair, o.trade_type, t.fee_asset, t.amount::text, (t.amount * t.price)::text as quote,
  t.fee_amount::text as fee, 1 as count
from trading.trades t join trading.orders o on o.client_order_id = t.client_order_id
where t.account = $1 and t.connector = $2 and t.timestamp > $3 and t.timestamp <= $4
order by t.timestamp desc limit 10`

const FUNDING = `
select fee_currency as token, sum(funding_payment)::text as amount, sum(abs(funding_payment))::text as turnover,
  count(*)::int as count
from trading.funding_payments where account_name = $1 and connector_name = $2 and timestamp > $3
group by 1`

const POSITIONS = `
select o.trading_pair, coalesce(t.position_side, 'BOTH') as side,
  sum(case o.trade_type when 'BUY' then t.amount else -t.amount end)::text as amount
from trading.trades t join trading.orders o on o.client_order_id = t.client_order_id
where o.account_name = $1 and o.connector_name = $2
group by 1, 2`

const NEWEST = `
select greatest(
  (select max(timestamp) from trading.trades where account = $1 and connector = $2 and timestamp > $3),
  (select max(timestamp) from trading.funding_payments
    where account_name = $1 and connector_name = $2 and timestamp > $3)) as newest`

const ACCEPTED = `
select kind, subject, trading_pair, difference::text from trading.drifts
where account_name = $1 and connector_name = $2 and
  (kind = 'position' or (kind = 'balance' and version > $3))`

const BASE =
  'select at::text, through::text, tokens, version from trading.balance_bases where account_name = $1 and connector_name = $2'

const VERSION = 'select version from trading.drift_streams where account_name = $1 and connector_name = $2'

interface FillsRow {
  readonly trading_pair: string
  readonly trade_type: string
  readonly fee_asset: string
  readonly amount: string
  readonly quote: string
  readonly fee: string
  readonly count: number
}

type Market = 'spot' | 'perpetual'

/** A perpetual moves only what it is quoted in: its price for the amount, which the cost of the position gives back. */
const flowsOf =
  (market: Market) =>
  (row: FillsRow): Flow[] => {
    const [base = '', quote = ''] = row.trading_pair.split('-')
    const sign = row.trade_type === 'BUY' ? 1 : -1
    const flow = (token: string, amount: Exact): Flow => ({
      token,
      amount: amount.toFixed(),
      turnover: amount.abs().toFixed(),
      count: row.count,
    })
    return [
      ...(market === 'spot' ? [flow(base, new Exact(row.amount).times(sign))] : []),
      flow(quote, new Exact(row.quote).times(-sign)),
      ...(row.fee_asset === '' ? [] : [{ ...flow(row.fee_asset, new Exact(row.fee).negated()), count: 0 }]),
    ]
  }

const effectOf = (flows: readonly Flow[]): Effect => {
  const moved = new Map<string, string>()
  for (const { token, amount } of flows) moved.set(token, new Exact(moved.get(token) ?? 0).plus(amount).toFixed())
  return moved
}

const tokensOf = driftEvents.BalancesConfirmed.shape.tokens
const side = z.enum(['LONG', 'SHORT', 'BOTH'])

/** Reads what the log says of a place. `current` resolves when the tables show everything that is in the log. */
export const expectedAt =
  (pool: Pool, current: () => Promise<void>) =>
  async ({ accountName, connectorName }: Place, market: Market): Promise<Expected> => {
    await current()
    const place = [accountName, connectorName]
    const rowsOf = async <Row extends object>(text: string, ...more: readonly unknown[]): Promise<readonly Row[]> =>
      (await pool.query<Row>(text, [...place, ...more])).rows

    const [base] = await rowsOf<{ at: string; through: string; tokens: unknown; version: number }>(BASE)
    const [stream] = await rowsOf<{ version: number }>(VERSION)
    const since = new Date(base === undefined ? 0 : Number(base.through))
    const accepted = await rowsOf<{ kind: string; subject: string; trading_pair: string | null; difference: string }>(
      ACCEPTED,
      base?.version ?? -1,
    )
    const sizes =
      market === 'spot' ? [] : await rowsOf<{ trading_pair: string; side: string; amount: string }>(POSITIONS)
    const [newest] = await rowsOf<{ newest: Date | null }>(NEWEST, since)

    const taken = accepted.filter(({ kind }) => kind === 'position')
    const positions = [
      ...sizes.map((row) => ({ tradingPair: row.trading_pair, side: side.parse(row.side), amount: row.amount })),
      ...taken.map((row) => ({
        tradingPair: row.trading_pair ?? '',
        side: side.parse(row.subject),
        amount: row.difference,
      })),
    ]
    const common = {
      positions,
      version: stream?.version,
      newestEffect: newest?.newest?.getTime() ?? Number(base?.through ?? 0),
    }
    if (base === undefined) return { ...common, basis: undefined }

    const at = Number(base.at)
    const fills = await rowsOf<FillsRow>(FILLS, since)
    const doubtful = await rowsOf<FillsRow>(DOUBTFUL, since, new Date(at + CLOCKS_APART_MS))
    const funding = await rowsOf<Flow>(FUNDING, since)
    const flows = [...fills.flatMap(flowsOf(market)), ...funding]
    return {
      ...common,
      basis: {
        at,
        through: Number(base.through),
        balances: {
          basis: tokensOf.parse(base.tokens),
          flows,
          accepted: accepted
            .filter(({ kind }) => kind === 'balance')
            .map(({ subject, difference }) => ({ token: subject, difference })),
        },
        doubtful: doubtful.map((row) => effectOf(flowsOf(market)(row))),
        count: fills.reduce((count, row) => count + row.count, 0) + funding.length,
      },
    }
  }
