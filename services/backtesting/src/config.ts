import { availableParallelism } from 'node:os'
import { serviceConfig } from '@colibri/service-kit'
import { z } from 'zod'

const whole = (what: string) => z.coerce.number(`must be a number of ${what}`).int(`must be a whole number of ${what}`)

export const config = serviceConfig({
  /** Backtests that this replica runs at once; unless told, one core is left to everything else. */
  BACKTEST_WORKERS: whole('processes')
    .min(1)
    .max(64)
    .default(Math.max(1, availableParallelism() - 1)),
  /** What one backtest may take. */
  BACKTEST_TIME_LIMIT: whole('seconds').min(1).max(3_600).default(300),
  /** What one row may take in a user's own controller; what it does before the first one may take five times as long. */
  BACKTEST_STALL_SECONDS: whole('seconds').min(1).max(3_600).default(20),
  BACKTEST_MEMORY_MB: whole('megabytes').min(64).max(16_384).default(512),
  /** Rows of one series: a year of minutes unless told. */
  BACKTEST_MAX_ROWS: whole('rows').min(100).max(10_000_000).default(600_000),
  /** A worker that has had nothing to do for so long is ended. */
  BACKTEST_IDLE_SECONDS: whole('seconds').min(0).max(3_600).default(30),
  /** Candles kept at hand between backtests. */
  BACKTEST_CANDLES_MB: whole('megabytes').min(1).max(4_096).default(64),
})
export type BacktestingConfig = z.infer<typeof config>
