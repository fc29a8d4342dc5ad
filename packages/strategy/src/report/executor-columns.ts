import type { ExecutorColumns, FillColumns } from './browser/report-data.ts'
import type { ReportCandles, ReportExecutor } from './report.ts'

/** As many digits as a table shows at most. */
const rounded = (value: number): number => (Number.isFinite(value) ? Number(value.toPrecision(10)) : 0)

/** The executors in the order they were created, in columns. */
export const executorColumns = (executors: readonly ReportExecutor[], candles: ReportCandles): ExecutorColumns => {
  const sorted = [...executors].sort((left, right) => left.timestamp - right.timestamp)
  const column = <Value>(of: (executor: ReportExecutor) => Value): readonly Value[] => sorted.map(of)
  const isFilled = ({ filledAmountQuote }: ReportExecutor): boolean => filledAmountQuote !== 0
  return {
    id: column(({ id }) => id),
    type: column(({ type }) => type.replace(/_executor$/, '')),
    side: column(({ side }) => side ?? ''),
    level: column(({ levelId }) => levelId ?? ''),
    closeType: column(({ closeType }) => closeType ?? ''),
    created: column(({ timestamp }) => timestamp),
    entered: column((executor) => (isFilled(executor) ? executor.openOrderLastUpdate : null)),
    closed: column(({ closeTimestamp }) => closeTimestamp),
    entryPrice: column((executor) =>
      isFilled(executor) && executor.averagePrice > 0 ? rounded(executor.averagePrice) : null,
    ),
    exitPrice: column((executor) =>
      // What is held on has no exit.
      isFilled(executor) && executor.closeTimestamp !== null && executor.closeType !== 'POSITION_HOLD'
        ? closeAt(candles, executor.closeTimestamp)
        : null,
    ),
    filledQuote: column(({ filledAmountQuote }) => rounded(filledAmountQuote)),
    feesQuote: column(({ cumFeesQuote }) => rounded(cumFeesQuote)),
    pnlQuote: column(({ netPnlQuote }) => rounded(netPnlQuote)),
    pnlPct: column(({ netPnlPct }) => rounded(netPnlPct)),
  }
}

/** The fills of all grids. */
export const fillColumns = (executors: readonly ReportExecutor[]): FillColumns => {
  const fills = executors.flatMap((executor) =>
    executor.fills.map((fill) => ({
      ...fill,
      // A grid that buys takes its profit by selling.
      side: (executor.side === 'BUY') === (fill.side === 'entry') ? 'BUY' : 'SELL',
    })),
  )
  return {
    time: fills.map(({ timestamp }) => timestamp),
    price: fills.map(({ price }) => rounded(price)),
    side: fills.map(({ side }) => side),
  }
}

/** The close of the candle that opens at a time, or of the last one before it. */
const closeAt = ({ length, timestamp, close }: ReportCandles, time: number): number | null => {
  let [low, high] = [0, length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((timestamp[middle] ?? 0) <= time) low = middle + 1
    else high = middle
  }
  return close[low - 1] ?? null
}
