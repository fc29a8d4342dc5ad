import type { BacktestResult, ReportedExecutor } from '../backtest/backtest.ts'
import type { ReportCandles, ReportExecutor, ReportInput } from './report.ts'

/** What a report shows of a result at hand. */
export const reportOf = (
  result: BacktestResult,
  about: Pick<ReportInput, 'controller' | 'config' | 'market' | 'interval' | 'mode' | 'tradeCost'>,
): ReportInput => ({
  ...about,
  candles: candlesOf(result),
  executors: result.executors.map(reportExecutor),
  results: result.results,
  holds: result.holds,
  equity: result.pnl,
})

/** The rows that were traded on. */
const candlesOf = ({ processed: { timestamp, columns } }: BacktestResult): ReportCandles => {
  const column = (name: string): Float64Array => columns.get(`${name}_bt`) ?? new Float64Array(timestamp.length)
  return {
    length: timestamp.length,
    timestamp,
    open: column('open'),
    high: column('high'),
    low: column('low'),
    close: column('close'),
  }
}

const reportExecutor = (executor: ReportedExecutor): ReportExecutor => ({
  id: executor.id,
  timestamp: executor.timestamp,
  type: executor.config.type,
  status: executor.status,
  side: executor.side,
  levelId: executor.levelId,
  closeType: executor.closeType,
  closeTimestamp: executor.closeTimestamp,
  netPnlPct: executor.netPnlPct,
  netPnlQuote: executor.netPnlQuote,
  cumFeesQuote: executor.cumFeesQuote,
  filledAmountQuote: executor.filledAmountQuote,
  averagePrice: executor.averagePrice,
  openOrderLastUpdate: executor.openOrderLastUpdate,
  fills: executor.grid?.fills ?? [],
})
