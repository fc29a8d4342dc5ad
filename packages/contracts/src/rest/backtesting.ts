import { z } from 'zod'
import { anything, dict, float, integer, list, literal, model, nullable, rule, text, union } from './types.ts'

/** `/backtesting`. */

const number = float()

/** Candles of one series, oldest first, in one of three forms; times are seconds or milliseconds. */
export const uploadedCandles = rule(
  model({
    connector: text({ minLength: 1, maxLength: 100 }),
    trading_pair: text({ minLength: 1, maxLength: 100 }),
    interval: text({ minLength: 1, maxLength: 10 }),
    /** `[time, open, high, low, close, volume]`, and up to four more: quote volume, trades, taker base and quote volume. */
    rows: nullable(list(list(number, { minLength: 6, maxLength: 10 }))),
    /** A CSV file's text, its first line the names of the columns. */
    csv: nullable(text()),
    /** The same file, gzipped, in base64. */
    csv_gz: nullable(text()),
  }),
  ({ rows, csv, csv_gz }) =>
    [rows, csv, csv_gz].filter((given) => given !== null).length === 1
      ? undefined
      : 'give the candles in exactly one of rows, csv and csv_gz',
)
export type UploadedCandles = z.infer<typeof uploadedCandles>

const settings = {
  start_time: integer({ ge: 0 }).default(1_735_689_600),
  end_time: integer({ ge: 0 }).default(1_738_368_000),
  backtesting_resolution: text().default('1m'),
  trade_cost: float({ ge: 0, le: 1 }).default(0.0006),
  /** The numbers of the original, or those of a careful engine. */
  mode: literal('hummingbot', 'realistic').default('hummingbot'),
  /** In place of market data's. */
  candles: nullable(list(uploadedCandles, { maxLength: 20 })),
}

/** A controller's configuration, or the name of a stored one. */
const config = union<string | Record<string, unknown>>({ 'dict[any,any]': dict(), str: text() })

export const backtestRequest = model({ ...settings, config })
export type BacktestRequest = z.infer<typeof backtestRequest>

/** The older form: everything may lie under `config`, beside the controller's own fields or around its `config`. */
export const legacyBacktestRequest = anything()

export const backtestPath = model({ task_id: text() })
export type BacktestPath = z.infer<typeof backtestPath>

export const backtestStatus = z.enum(['pending', 'running', 'completed', 'failed', 'cancelled'])
export type BacktestStatus = z.infer<typeof backtestStatus>

export const backtestSubmitted = z.object({ task_id: z.string(), status: z.literal('pending') })

/** A task without its result. Times are ISO 8601. */
export const backtestTask = z.object({
  task_id: z.string(),
  status: backtestStatus,
  /** The request. */
  config: z.record(z.string(), z.unknown()),
  created_at: z.string(),
  started_at: z.string().nullable(),
  completed_at: z.string().nullable(),
  error: z.string().nullable(),
  /** While it runs: how much of it is done, from 0 to 1, and what it has earned so far. */
  progress: z.object({ done: z.number(), pnl_quote: z.number() }).optional(),
})
export type BacktestTask = z.infer<typeof backtestTask>

export const backtestDeleted = z.object({ status: z.literal('deleted'), task_id: z.string() })
