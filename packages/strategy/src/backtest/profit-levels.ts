import type { BacktestMode } from './backtest.ts'

interface Profits {
  readonly total: Float64Array
  readonly executorUnrealized: ArrayLike<number>
}

/**
 * The profit of every row, in quote, as the figures of the mode know it: drawdown and Sharpe ratio are those of this
 * series. The original counts what open executors would make when they have ended, `realistic` always.
 */
export const profitLevels = ({ total, executorUnrealized }: Profits, mode: BacktestMode): Float64Array =>
  mode === 'hummingbot' ? total : total.map((level, row) => level + (executorUnrealized[row] ?? 0))
