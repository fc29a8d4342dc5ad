import {
  type BacktestSpec,
  type BacktestStatus,
  type BacktestTask,
  backtestSpec,
  backtestStatus,
} from '@colibri/contracts'
import type { Pool } from 'pg'
import type { Progress } from '../workers/job.ts'

export interface TaskRow {
  readonly taskId: string
  readonly status: BacktestStatus
  readonly spec: BacktestSpec
  readonly attempt: number
  readonly createdAt: Date
  readonly startedAt: Date | null
  readonly completedAt: Date | null
  readonly error: string | null
  readonly figures: Readonly<Record<string, unknown>> | null
}

export interface TaskQueries {
  find(taskId: string): Promise<TaskRow | undefined>
  /** The oldest first. */
  all(): Promise<readonly TaskRow[]>
  /** Those that are not over, as this table has them just now. */
  unfinished(): Promise<readonly string[]>
}

interface Raw {
  readonly task_id: string
  readonly status: string
  readonly spec: unknown
  readonly attempt: number
  readonly created_at: Date
  readonly started_at: Date | null
  readonly completed_at: Date | null
  readonly error: string | null
  readonly figures: Readonly<Record<string, unknown>> | null
}

const rowOf = (row: Raw): TaskRow => ({
  taskId: row.task_id,
  status: backtestStatus.parse(row.status),
  spec: backtestSpec.parse(row.spec),
  attempt: row.attempt,
  createdAt: row.created_at,
  startedAt: row.started_at,
  completedAt: row.completed_at,
  error: row.error,
  figures: row.figures,
})

/** `current` resolves when the rows show everything that was stored before. */
export const taskQueries = (pool: Pool, current: () => Promise<void>): TaskQueries => ({
  find: async (taskId) => {
    await current()
    const text = 'select * from backtesting.tasks where task_id = $1'
    const { rows } = await pool.query<Raw>({ name: 'backtesting-task', text, values: [taskId] })
    return rows[0] === undefined ? undefined : rowOf(rows[0])
  },
  all: async () => {
    await current()
    const text = 'select * from backtesting.tasks order by created_at, task_id'
    const { rows } = await pool.query<Raw>({ name: 'backtesting-tasks', text })
    return rows.map(rowOf)
  },
  unfinished: async () => {
    const text = `select task_id from backtesting.tasks where status in ('pending', 'running') order by created_at, task_id`
    const { rows } = await pool.query<{ task_id: string }>({ name: 'backtesting-unfinished', text })
    return rows.map(({ task_id }) => task_id)
  },
})

/** As Python writes a time in UTC. */
const isoText = (date: Date): string => {
  const text = date.toISOString()
  return text.endsWith('.000Z') ? text.replace('.000Z', '+00:00') : text.replace('Z', '000+00:00')
}

/** The request a task was made of, as it was given. */
const requestOf = (spec: BacktestSpec): Record<string, unknown> => ({
  start_time: spec.startTime,
  end_time: spec.endTime,
  backtesting_resolution: spec.resolution,
  trade_cost: spec.tradeCost,
  config: spec.configName ?? spec.config,
  ...(spec.mode === 'hummingbot' ? {} : { mode: spec.mode }),
  ...(spec.uploads.length === 0
    ? {}
    : {
        candles: spec.uploads.map(({ connectorName, tradingPair, interval }) => ({
          connector: connectorName,
          trading_pair: tradingPair,
          interval,
        })),
      }),
})

/** A task as REST shows it, without its result. */
export const taskView = (row: TaskRow, progress: Progress | undefined): BacktestTask => ({
  task_id: row.taskId,
  status: row.status,
  config: requestOf(row.spec),
  created_at: isoText(row.createdAt),
  started_at: row.startedAt === null ? null : isoText(row.startedAt),
  completed_at: row.completedAt === null ? null : isoText(row.completedAt),
  error: row.error,
  ...(row.status === 'running' && progress !== undefined
    ? { progress: { done: progress.done, pnl_quote: progress.pnlQuote } }
    : {}),
})
