import {
  type BacktestStatus,
  backtestStatus,
  type OptimisationSpec,
  optimisationSpec,
  trialOutcome,
} from '@colibri/contracts'
import type { Figures, Json, Outcome, Parameters } from '@colibri/strategy'
import type { Pool } from 'pg'

export interface OptimisationRow {
  readonly id: string
  readonly status: BacktestStatus
  readonly spec: OptimisationSpec
  /** There will be so many at the most. */
  readonly trials: number
  readonly createdAt: Date
  readonly startedAt: Date | null
  readonly completedAt: Date | null
  readonly error: string | null
  readonly completed: number
  readonly pruned: number
  readonly failed: number
}

export interface TrialRow {
  /** 1 for the best of its window; null for a test. */
  readonly rank: number | null
  readonly window: number
  readonly number: number
  readonly parameters: Parameters
  readonly outcome: Outcome
  readonly figures: Figures | null
}

export interface OptimisationQueries {
  find(id: string): Promise<OptimisationRow | undefined>
  /** The newest first. */
  all(): Promise<readonly OptimisationRow[]>
  /** The best first; of all windows, or of one. */
  trials(
    of: OptimisationRow,
    page: { readonly window: number | null; readonly limit: number; readonly offset: number },
  ): Promise<{ readonly trials: readonly TrialRow[]; readonly total: number }>
  /** By window: how many are finished, and the best, if it may be recommended. */
  best(of: OptimisationRow): Promise<ReadonlyMap<number, { readonly finished: number; readonly best: TrialRow | null }>>
  tests(of: OptimisationRow): Promise<readonly TrialRow[]>
  /** Those that are not over, as this table has them just now. */
  unfinished(): Promise<readonly string[]>
}

interface Raw {
  readonly optimisation_id: string
  readonly status: string
  readonly spec: unknown
  readonly trials: number
  readonly created_at: Date
  readonly started_at: Date | null
  readonly completed_at: Date | null
  readonly error: string | null
  readonly completed: number
  readonly pruned: number
  readonly failed: number
}

interface RawTrial {
  readonly rank: string | null
  readonly in_window: number
  readonly number: number
  readonly parameters: Readonly<Record<string, Json>>
  readonly outcome: unknown
  readonly figures: Figures | null
}

const rowOf = (row: Raw): OptimisationRow => ({
  id: row.optimisation_id,
  status: backtestStatus.parse(row.status),
  spec: optimisationSpec.parse(row.spec),
  trials: row.trials,
  createdAt: row.created_at,
  startedAt: row.started_at,
  completedAt: row.completed_at,
  error: row.error,
  completed: row.completed,
  pruned: row.pruned,
  failed: row.failed,
})

const trialOf = (row: RawTrial): TrialRow => ({
  rank: row.rank === null ? null : Number(row.rank),
  window: row.in_window,
  number: row.number,
  parameters: row.parameters,
  outcome: trialOutcome.parse(row.outcome),
  figures: row.figures,
})

const SEARCHES = `select o.*, t.completed, t.pruned, t.failed from backtesting.optimisations o cross join lateral (
  select count(*) filter (where state = 'completed')::integer as completed,
    count(*) filter (where state = 'pruned')::integer as pruned,
    count(*) filter (where state = 'failed')::integer as failed
  from backtesting.optimisation_trials where optimisation_id = o.optimisation_id and kind = 'trial') t`

/** The order of `rank`: the two are held against each other by a test. */
const RANKED = `select row_number() over (partition by in_window order by
    case state when 'completed' then case when json_array_length(outcome -> 'broken') = 0 then 0 else 1 end
      when 'pruned' then 2 else 3 end,
    distance, value * $2 desc, progress desc, pnl_quote desc, number) as rank,
  count(*) over (partition by in_window)::integer as finished,
  in_window, number, parameters, outcome, figures
from backtesting.optimisation_trials where optimisation_id = $1 and kind = 'trial'`

const signOf = ({ spec }: OptimisationRow): number => (spec.direction === 'maximize' ? 1 : -1)

const isEligible = ({ outcome }: TrialRow): boolean => outcome.state === 'completed' && outcome.broken.length === 0

/** `current` resolves when the rows show everything that was stored before. */
export const optimisationQueries = (pool: Pool, current: () => Promise<void>): OptimisationQueries => ({
  find: async (id) => {
    await current()
    const text = `${SEARCHES} where o.optimisation_id = $1`
    const { rows } = await pool.query<Raw>({ name: 'backtesting-optimisation', text, values: [id] })
    return rows[0] === undefined ? undefined : rowOf(rows[0])
  },
  all: async () => {
    await current()
    const text = `${SEARCHES} order by o.created_at desc, o.optimisation_id`
    const { rows } = await pool.query<Raw>({ name: 'backtesting-optimisations', text })
    return rows.map(rowOf)
  },
  trials: async (of, { window, limit, offset }) => {
    const text = `select *, count(*) over ()::integer as total from (${RANKED}) ranked
      where $3::integer is null or in_window = $3 order by in_window, rank limit $4 offset $5`
    const { rows } = await pool.query<RawTrial & { readonly total: number }>({
      name: 'backtesting-ranked-trials',
      text,
      values: [of.id, signOf(of), window, limit, offset],
    })
    const known = rows[0]?.total
    return { trials: rows.map(trialOf), total: known ?? (offset === 0 ? 0 : of.completed + of.pruned + of.failed) }
  },
  best: async (of) => {
    const text = `select * from (${RANKED}) ranked where rank = 1 order by in_window`
    const { rows } = await pool.query<RawTrial & { readonly finished: number }>({
      name: 'backtesting-best-trials',
      text,
      values: [of.id, signOf(of)],
    })
    return new Map(
      rows.map((row) => {
        const trial = trialOf(row)
        return [row.in_window, { finished: row.finished, best: isEligible(trial) ? trial : null }]
      }),
    )
  },
  tests: async (of) => {
    const text = `select null as rank, * from backtesting.optimisation_trials
      where optimisation_id = $1 and kind = 'test' order by in_window`
    const { rows } = await pool.query<RawTrial>({ name: 'backtesting-tests', text, values: [of.id] })
    return rows.map(trialOf)
  },
  unfinished: async () => {
    const text = `select optimisation_id from backtesting.optimisations where status in ('pending', 'running')
      order by created_at, optimisation_id`
    const { rows } = await pool.query<{ optimisation_id: string }>({ name: 'backtesting-unfinished-searches', text })
    return rows.map(({ optimisation_id }) => optimisation_id)
  },
})
