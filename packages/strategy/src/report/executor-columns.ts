import type { BacktestMode } from '../backtest/backtest.ts'
import type { PackedExecutors, PackedFills } from './browser/report-data.ts'
import { packIntegers, packSteps, packValues } from './pack.ts'
import type { ReportCandles, ReportExecutor } from './report.ts'
import { isFilled, tradePrices } from './trade-prices.ts'

/** The executors in the order they were created, in columns. */
export const packExecutors = (
  executors: readonly ReportExecutor[],
  candles: ReportCandles,
  mode: BacktestMode,
): PackedExecutors => {
  const sorted = [...executors].sort((left, right) => left.timestamp - right.timestamp)
  const prices = sorted.map((executor) => tradePrices(executor, candles, mode))
  const words = new Map<string, number>()
  const texts = (of: (executor: ReportExecutor) => string | null): string =>
    packIntegers(sorted.map((executor) => placeIn(words, of(executor) ?? '')))
  const values = (of: (executor: ReportExecutor) => number) => packValues(sorted.map(of))
  const after = (of: (executor: ReportExecutor) => number | null): string =>
    packIntegers(
      sorted.map((executor) => {
        const time = of(executor)
        return time === null ? 0 : Math.round(time - executor.timestamp) + 1
      }),
    )
  return {
    ids: sorted.filter(isFilled).map(({ id }) => id),
    type: texts(({ type }) => type.replace(/_executor$/, '')),
    side: texts(({ side }) => side),
    level: texts(({ levelId }) => levelId),
    closeType: texts(({ closeType }) => closeType),
    words: [...words.keys()],
    created: packSteps(sorted.map(({ timestamp }) => timestamp)),
    entered: after((executor) => (isFilled(executor) ? executor.openOrderLastUpdate : null)),
    closed: after(({ closeTimestamp }) => closeTimestamp),
    entryPrice: packValues(prices.map(({ entry }) => entry)),
    exitPrice: packValues(prices.map(({ exit }) => exit)),
    filledQuote: values(({ filledAmountQuote }) => filledAmountQuote),
    feesQuote: values(({ cumFeesQuote }) => cumFeesQuote),
    pnlQuote: values(({ netPnlQuote }) => netPnlQuote),
    pnlPct: values(({ netPnlPct }) => netPnlPct),
  }
}

/** The fills of all grids. */
export const packFills = (executors: readonly ReportExecutor[]): PackedFills => {
  const fills = executors.flatMap((executor) =>
    executor.fills.map(({ timestamp, price, side }) => ({
      timestamp,
      price,
      // A grid that buys takes its profit by selling.
      side: (executor.side === 'SELL') === (side === 'tp') ? 1 : 2,
    })),
  )
  return {
    time: packSteps(fills.map(({ timestamp }) => timestamp)),
    price: packValues(fills.map(({ price }) => price)),
    side: packIntegers(fills.map(({ side }) => side)),
  }
}

const placeIn = (words: Map<string, number>, word: string): number => {
  const known = words.get(word)
  if (known !== undefined) return known
  words.set(word, words.size)
  return words.size - 1
}
