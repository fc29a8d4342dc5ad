import type { BacktestMode, PositionHoldReport } from '../backtest/backtest.ts'
import type { Results } from '../backtest/results.ts'
import type { Candles } from '../candles.ts'
import type { CloseType } from '../executors/close-type.ts'
import type { ConnectorPair } from '../executors/executor-config.ts'
import type { RunnableStatus } from '../executors/runnable-status.ts'
import type { Side } from '../executors/side.ts'

/** What a report tells of an executor. Times in seconds. */
export interface ReportExecutor {
  readonly id: string
  readonly timestamp: number
  readonly type: string
  readonly status: RunnableStatus
  readonly side: Side | null
  readonly levelId: string | null
  readonly closeType: CloseType | null
  readonly closeTimestamp: number | null
  readonly netPnlPct: number
  readonly netPnlQuote: number
  readonly cumFeesQuote: number
  readonly filledAmountQuote: number
  readonly averagePrice: number
  readonly openOrderLastUpdate: number
  readonly fills: readonly ReportFill[]
}

/** The rows that were traded on. */
export type ReportCandles = Pick<Candles, 'length' | 'timestamp' | 'open' | 'high' | 'low' | 'close'>

export type ReportHold = Omit<PositionHoldReport, 'averageEntryPrice' | 'realizedPnlQuote'>

export interface ReportFill {
  readonly timestamp: number
  readonly price: number
  readonly side: 'entry' | 'tp'
}

/** Of every tick, in columns. Times in seconds, profits in quote. */
export interface ReportEquity {
  readonly length: number
  readonly timestamp: Float64Array
  readonly executorRealized: ArrayLike<number>
  readonly positionRealized: ArrayLike<number>
  readonly positionUnrealized: ArrayLike<number>
  /** The three together. */
  readonly total: Float64Array
  /** What open executors would bring if they ended now. */
  readonly executorUnrealized: ArrayLike<number>
  readonly activeExecutors: ArrayLike<number>
  readonly cumulativeVolume: ArrayLike<number>
}

/** A backtest and what it was made of. */
export interface ReportInput {
  readonly controller: string
  /** As it was given, under the contract's names. */
  readonly config: Readonly<Record<string, unknown>>
  readonly market: ConnectorPair
  /** Of the candles. */
  readonly interval: string
  readonly mode: BacktestMode
  /** Of a trade's value, on one side. */
  readonly tradeCost: number
  readonly candles: ReportCandles
  readonly executors: readonly ReportExecutor[]
  readonly results: Results
  readonly holds: readonly ReportHold[]
  readonly equity: ReportEquity
}

/** The library that draws the charts, as text. */
export interface ChartLibrary {
  readonly script: string
  readonly style: string
  /** Its name, makers and licence, shown in the page. */
  readonly notice: string
}
