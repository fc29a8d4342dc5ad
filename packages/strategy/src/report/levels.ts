import type { BacktestMode } from '../backtest/backtest.ts'
import type { ReportEquity } from './report.ts'

/**
 * The profit of every row as the figures of the mode know it: drawdown and Sharpe ratio are those of this series. The
 * original counts what open executors would make when they have ended, `realistic` always.
 */
export const levelsOf = (equity: ReportEquity, mode: BacktestMode): Float64Array =>
  mode === 'hummingbot' ? equity.total : equity.total.map((total, row) => total + (equity.executorUnrealized[row] ?? 0))
