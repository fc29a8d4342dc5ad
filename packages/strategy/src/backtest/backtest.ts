import type { CandleFeed, Candles } from '../candles.ts'
import type { Controller, ControllerConfig, Features, TradingRules } from '../controllers/controller.ts'
import type { Executor } from '../executors/executor.ts'
import type { ConnectorPair } from '../executors/executor-config.ts'
import type { Results } from './results.ts'
import type { GridTrail } from './simulators/simulation.ts'

/**
 * `hummingbot` gives the numbers of the original, its likely mistakes included; `realistic` does what a careful engine
 * does. docs/backtesting.md has the differences.
 */
export type BacktestMode = 'hummingbot' | 'realistic'

export interface BacktestInput<Config extends ControllerConfig = ControllerConfig> {
  readonly controller: Controller<Config>
  readonly config: Config
  /** The market that is traded; every other has the price 1. */
  readonly market: ConnectorPair
  readonly candles: Candles
  readonly feed: (feed: CandleFeed) => Candles | undefined
  /**
   * The time that is traded, in seconds, both ends included; all of `candles` unless told. What the series have before it
   * is the indicators' warm-up, which `hummingbot` does not let them see.
   */
  readonly window?: { readonly from: number; readonly to: number }
  readonly rules: TradingRules | undefined
  /** Of a trade's value, on one side. */
  readonly tradeCost: number
  readonly mode: BacktestMode
  /** Called now and then with the rows done and all there are; what it throws ends the backtest. */
  readonly onProgress?: (done: number, rows: number, pnlQuote: number) => void
}

/** Of every tick, in columns. */
export interface PnlSeries {
  readonly length: number
  readonly timestamp: Float64Array
  readonly executorRealized: Float64Array
  readonly positionRealized: Float64Array
  readonly positionUnrealized: Float64Array
  readonly total: Float64Array
  readonly activeExecutors: Int32Array
  readonly cumulativeVolume: Float64Array
  /** What the active executors would bring if they ended now: in neither of the above, and not in the REST answer. */
  readonly executorUnrealized: Float64Array
}

/** Of the ticks on which something was held, in columns; amounts in quote. */
export interface HeldSeries {
  readonly length: number
  readonly timestamp: Float64Array
  readonly longAmount: Float64Array
  readonly shortAmount: Float64Array
  readonly unrealizedPnl: Float64Array
  readonly realizedPnl: Float64Array
  readonly holds: Int32Array
}

export interface PositionHoldReport extends ConnectorPair {
  readonly buyAmountBase: number
  readonly buyAmountQuote: number
  readonly sellAmountBase: number
  readonly sellAmountQuote: number
  readonly netAmountBase: number
  /** 0 when nothing is held. */
  readonly averageEntryPrice: number
  /** Without the fees. */
  readonly realizedPnlQuote: number
  readonly cumFeesQuote: number
  readonly volumeTradedQuote: number
  readonly isClosed: boolean
  readonly executors: number
}

export interface ReportedExecutor extends Executor {
  /** The fills of a grid; undefined for all others. */
  readonly grid: GridTrail | undefined
}

export interface BacktestResult {
  /** Active ones at the end first, then those that ended, in the order they ended. */
  readonly executors: readonly ReportedExecutor[]
  /** The rows that were traded on, with everything the controller derived from them. */
  readonly processed: Features
  readonly results: Results
  readonly holds: readonly PositionHoldReport[]
  readonly held: HeldSeries
  readonly pnl: PnlSeries
}

/** There is nothing to trade on; the message says what is missing. */
export class BacktestImpossible extends Error {
  override readonly name = 'BacktestImpossible'
}
