import type { BacktestMode } from '../backtest/backtest.ts'
import { rowAt } from './browser/row-at.ts'
import type { ReportCandles, ReportExecutor } from './report.ts'

/** Where an executor went in and out, for a chart; 0: nowhere. */
export interface TradePrices {
  readonly entry: number
  readonly exit: number
}

const NOWHERE: TradePrices = { entry: 0, exit: 0 }

/**
 * The prices an executor's profit was made of. In `hummingbot` mode these are closes, whatever price it was given, but for the
 * averages of what has several entries; in `realistic` mode the prices of its fills.
 */
export const tradePrices = (executor: ReportExecutor, candles: ReportCandles, mode: BacktestMode): TradePrices => {
  if (!isFilled(executor)) return NOWHERE
  const { closeType, closeTimestamp, averagePrice } = executor
  // What is held on has no exit.
  const isOut = closeTimestamp !== null && closeType !== 'POSITION_HOLD'
  if (mode === 'realistic' && hasOneExit(executor)) return { entry: averagePrice, exit: isOut ? exitOf(executor) : 0 }
  return {
    entry: hasOneEntry(executor) ? closeAt(candles, executor.openOrderLastUpdate) : averagePrice,
    exit: isOut ? closeAt(candles, closeTimestamp) : 0,
  }
}

export const isFilled = ({ filledAmountQuote }: ReportExecutor): boolean => filledAmountQuote !== 0

const hasOneEntry = ({ type }: ReportExecutor): boolean => type === 'position_executor' || type === 'order_executor'

const hasOneExit = ({ type }: ReportExecutor): boolean => type === 'position_executor' || type === 'dca_executor'

/** What was filled is the value that went in and the one that came out; the profit before fees is their difference. */
const exitOf = ({ averagePrice, filledAmountQuote, netPnlQuote, cumFeesQuote, side }: ReportExecutor): number => {
  const gain = side === 'SELL' ? -(netPnlQuote + cumFeesQuote) : netPnlQuote + cumFeesQuote
  const valueIn = (filledAmountQuote - gain) / 2
  return valueIn > 0 ? (averagePrice * (valueIn + gain)) / valueIn : 0
}

const closeAt = (candles: ReportCandles, time: number): number => candles.close[rowAt(candles.timestamp, time)] ?? 0
