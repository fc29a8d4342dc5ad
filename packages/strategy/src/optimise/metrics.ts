import type { Results } from '../backtest/results.ts'

/** The figures of a backtest that can be searched by. */
export const METRICS = [
  'net_pnl',
  'net_pnl_quote',
  'total_executors',
  'total_executors_with_position',
  'total_volume',
  'total_long',
  'total_short',
  'accuracy_long',
  'accuracy_short',
  'total_positions',
  'accuracy',
  'max_drawdown_usd',
  'max_drawdown_pct',
  'sharpe_ratio',
  'profit_factor',
  'win_signals',
  'loss_signals',
  'unrealized_pnl_quote',
  'position_realized_pnl_quote',
  'total_fees_quote',
] as const satisfies readonly Exclude<keyof Results, 'close_types'>[]

export type Metric = (typeof METRICS)[number]
export type Figures = Readonly<Record<Metric, number>>

export const isMetric = (name: string): name is Metric => METRICS.some((metric) => metric === name)
