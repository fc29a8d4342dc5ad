import type {
  historyInterval,
  PortfolioHistoryRequest,
  PortfolioHistoryResponse,
  PortfolioPerformance,
  PortfolioPerformanceRequest,
  PortfolioStateResponse,
} from '@colibri/contracts'
import type { Pool } from 'pg'
import { someOrAll } from '../state/portfolio-state.ts'
import { Exact, tokenEntry } from '../state/valuation.ts'
import type { SnapshotsTable } from './history.projection.ts'

const MINUTE_MS = 60_000

/** What is kept after an item: the next one at least this much older. Every snapshot for the finest. */
const sampleMs: Readonly<Record<(typeof historyInterval)[number], number>> = {
  '5m': MINUTE_MS,
  '15m': 15 * MINUTE_MS,
  '30m': 30 * MINUTE_MS,
  '1h': 60 * MINUTE_MS,
  '4h': 240 * MINUTE_MS,
  '12h': 720 * MINUTE_MS,
  '1d': 1440 * MINUTE_MS,
}

/** Clients send milliseconds or, below 10^11, seconds. */
const instant = (time: number): Date | null => {
  const date = new Date(Math.abs(time) < 1e11 ? time * 1000 : time)
  return Number.isNaN(date.getTime()) ? null : date
}

/** As Python writes a whole second in UTC. */
const isoText = (date: Date): string => `${date.toISOString().slice(0, 19)}+00:00`

/** Rows of `s` that a request speaks of. */
const MATCHES = `($1::text[] is null or s.account_name = any($1)) and ($2::text[] is null or s.connector_name = any($2))
  and ($3::timestamptz is null or s.minute >= $3) and ($4::timestamptz is null or s.minute <= $4)`

/**
 * The minutes of a page, newest first: each step jumps straight to the next one that is kept, so a page of days costs
 * what a page of minutes costs.
 */
const SAMPLED = `
with recursive kept(minute, n) as (
  select (select max(s.minute) from portfolio.snapshots s where ${MATCHES} and ($5::timestamptz is null or s.minute < $5)), 1
  union all
  select (select max(s.minute) from portfolio.snapshots s
    where ${MATCHES} and s.minute <= kept.minute - make_interval(secs => $6)), n + 1
  from kept where kept.minute is not null and n <= $7
)
select s.minute, s.account_name, s.connector_name, s.tokens from kept join portfolio.snapshots s on s.minute = kept.minute
where ${MATCHES} order by s.minute desc, s.account_name, s.connector_name`

/** Worth of everything in the first and in the last snapshot of a window. */
const ENDS = `
select s.minute, sum(s.value)::text as value from portfolio.snapshots s
where ${MATCHES} and s.minute in (
  (select min(s.minute) from portfolio.snapshots s where ${MATCHES}),
  (select max(s.minute) from portfolio.snapshots s where ${MATCHES}))
group by s.minute order by s.minute`

const dateOf = (cursor: string | null): Date | null => {
  const time = Date.parse(cursor ?? '')
  return Number.isNaN(time) ? null : new Date(time)
}

/** `current` resolves when the table shows every snapshot that was recorded before. */
export const historyQueries = (pool: Pool, current: () => Promise<void>) => ({
  async history(request: PortfolioHistoryRequest): Promise<PortfolioHistoryResponse> {
    await current()
    const { limit, interval, cursor, start_time: start, end_time: end } = request
    const values = [
      someOrAll(request.account_names),
      someOrAll(request.connector_names),
      start === null ? null : instant(start),
      end === null ? null : instant(end),
      dateOf(cursor),
      sampleMs[interval] / 1000,
      limit,
    ]
    const { rows } = await pool.query<SnapshotsTable>({ name: 'portfolio-history', text: SAMPLED, values })
    const items = new Map<string, PortfolioStateResponse>()
    for (const row of rows) {
      const timestamp = isoText(row.minute)
      const state = items.get(timestamp) ?? {}
      items.set(timestamp, state)
      state[row.account_name] = { ...state[row.account_name], [row.connector_name]: row.tokens.map(tokenEntry) }
    }
    const data = [...items].slice(0, limit).map(([timestamp, state]) => ({ timestamp, state }))
    const hasMore = items.size > limit
    return {
      data,
      pagination: {
        limit,
        has_more: hasMore,
        next_cursor: hasMore ? (data.at(-1)?.timestamp ?? null) : null,
        current_cursor: cursor,
        filters: {
          account_names: request.account_names,
          connector_names: request.connector_names,
          start_time: start,
          end_time: end,
          interval,
        },
      },
    }
  },

  async performance(request: PortfolioPerformanceRequest): Promise<PortfolioPerformance> {
    await current()
    const { start_time: start, end_time: end } = request
    const values = [
      someOrAll(request.account_names),
      someOrAll(request.connector_names),
      start === null ? null : instant(start),
      end === null ? null : instant(end),
    ]
    const { rows } = await pool.query<{ minute: Date; value: string }>({
      name: 'portfolio-performance',
      text: ENDS,
      values,
    })
    const [first] = rows
    const last = rows.at(-1)
    if (first === undefined || last === undefined) {
      return { start_time: null, end_time: null, start_value: null, end_value: null, pnl: null, pnl_pct: null }
    }
    const pnl = new Exact(last.value).minus(first.value)
    return {
      start_time: isoText(first.minute),
      end_time: isoText(last.minute),
      start_value: Number(first.value),
      end_value: Number(last.value),
      pnl: pnl.toNumber(),
      pnl_pct: new Exact(first.value).isZero() ? null : pnl.div(first.value).toNumber(),
    }
  },
})
export type HistoryQueries = ReturnType<typeof historyQueries>
