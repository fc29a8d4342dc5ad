import type { Candles } from '../../candles.ts'
import type { TradingRules } from '../../controllers/controller.ts'
import type { Executor } from '../../executors/executor.ts'
import type { ExecutorConfig } from '../../executors/executor-config.ts'
import type { Inventory } from '../../positions/inventory.ts'

/** What a simulation knows of the market it trades on. */
export interface SimulatedMarket {
  /** The rows of the backtest; its last row is the last of all. */
  readonly candles: Candles
  /** `1 + (close / previous close - 1)` of each row: what a holder's money is multiplied by. 1 on the first. */
  readonly growth: Float64Array
  /** Of a trade's value, on one side. */
  readonly tradeCost: number
  readonly rules: TradingRules | undefined
}

/**
 * An executor that trades on past candles. It is created on a row, which it has seen, and is then taken through the rows
 * that follow, one by one, until it ends by itself or is stopped; it never looks behind its own end. Afterwards its
 * figures are those of its last row.
 */
export interface Simulation extends Executor {
  /** Goes on to the row after the last one. Not called once it has ended. */
  advance(row: number): void
  /** Ends it on the row it is on: what it holds is kept as a position, or closed. */
  stop(row: number, held: 'keep' | 'close'): void
  /** What its end adds to the realized profit; 0 until then, and for what a position takes over. */
  readonly realizedPnlQuote: number
  /** What is kept as a position once it has ended with POSITION_HOLD; undefined: nothing. */
  readonly leaves: Inventory | undefined
  /** The fills of a grid; undefined for all others. */
  readonly grid: GridTrail | undefined
}

export interface GridFill {
  readonly timestamp: number
  readonly price: number
  readonly side: 'entry' | 'tp'
  readonly levelIndex: number
  readonly amountQuote: number
}

export interface GridTrail {
  readonly levelPrices: readonly number[]
  readonly takeProfitPrices: readonly number[]
  /** At each level. */
  readonly amountQuote: number
  /** Of a level's price. */
  readonly takeProfit: number
  readonly fills: readonly GridFill[]
}

/**
 * Creates one on a row. Undefined when it fails at once: the backtest goes on without it.
 * @throws {UnsupportedExecutor} for what cannot be simulated; the backtest ends with its words.
 */
export type Simulate = (
  id: string,
  config: ExecutorConfig,
  market: SimulatedMarket,
  row: number,
) => Simulation | undefined

export class UnsupportedExecutor extends Error {
  override readonly name = 'UnsupportedExecutor'
}
