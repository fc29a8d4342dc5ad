import type { CloseType } from '../executors/close-type.ts'

/** The figures of a backtest under the contract's names. Money in quote; fractions are of 1. */
export interface Results {
  readonly net_pnl: number
  readonly net_pnl_quote: number
  readonly total_executors: number
  readonly total_executors_with_position: number
  readonly total_volume: number
  readonly total_long: number
  readonly total_short: number
  /** By name, in the order of the names; 0 when there was no executor at all. */
  readonly close_types: Readonly<Partial<Record<CloseType, number>>> | 0
  readonly accuracy_long: number
  readonly accuracy_short: number
  readonly total_positions: number
  readonly accuracy: number
  readonly max_drawdown_usd: number
  readonly max_drawdown_pct: number
  readonly sharpe_ratio: number
  readonly profit_factor: number
  readonly win_signals: number
  readonly loss_signals: number
  readonly unrealized_pnl_quote: number
  readonly position_realized_pnl_quote: number
  readonly total_fees_quote: number
}
