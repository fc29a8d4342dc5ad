import type { Candle } from '@colibri/exchange'
import { type CandleColumn, CandleCsv, CandleFileInvalid, timesIn } from './candle-csv.ts'
import { linesIn, readCandleFile } from './candle-file.ts'

export interface CandlesOfFile {
  readonly interval: string
  /** Those the file has; the others are 0 in its candles. */
  readonly columns: readonly CandleColumn[]
  readonly candles: readonly Candle[]
}

/** As many lines as show how far rows lie apart. */
const FIRST_LINES = 500

/**
 * The candles of a CSV file, gzipped or not, oldest first, every row checked as an import does. Without an interval it is
 * the shortest distance between the first rows. Throws `CandleFileInvalid`.
 */
export const readCandles = async (
  file: string,
  options: {
    readonly interval: string | undefined
    readonly now: number
    readonly progress?: (share: number) => void
  },
): Promise<CandlesOfFile> => {
  const candles: Candle[] = []
  let first: string[] = []
  let begun: { readonly interval: string; readonly csv: CandleCsv } | undefined
  const begin = (): { readonly interval: string; readonly csv: CandleCsv } => {
    const interval = options.interval ?? intervalOf(first)
    const csv = new CandleCsv(interval, options.now)
    for (const line of first) take(csv, line)
    first = []
    return { interval, csv }
  }
  const take = (csv: CandleCsv, line: string): void => {
    const row = csv.take(line)
    if (row !== undefined) candles.push(candleOf(row))
  }
  await readCandleFile(file, options.progress ?? (() => undefined), async (source) => {
    for await (const lines of linesIn(source)) {
      if (begun === undefined) {
        first.push(...lines)
        if (first.length >= FIRST_LINES) begun = begin()
      } else for (const line of lines) take(begun.csv, line)
    }
  })
  begun ??= begin()
  begun.csv.end()
  return { interval: begun.interval, columns: begun.csv.columns, candles }
}

const candleOf = (row: string): Candle => {
  const [time = 0, open = 0, high = 0, low = 0, close = 0, volume = 0, quote = 0, trades = 0, base = 0, taker = 0] = row
    .split('\t')
    .map(Number)
  return {
    time,
    open,
    high,
    low,
    close,
    volume,
    quoteVolume: quote,
    trades,
    takerBuyBaseVolume: base,
    takerBuyQuoteVolume: taker,
  }
}

const UNITS = [
  ['w', 604_800],
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
] as const

const intervalOf = (lines: readonly string[]): string => {
  const times = timesIn(lines)
  let step = Number.POSITIVE_INFINITY
  for (const [index, time] of times.entries()) {
    const before = times[index - 1]
    if (before !== undefined && time > before) step = Math.min(step, time - before)
  }
  // What is wrong with the file is told by whoever reads it row by row.
  if (times.length < 2 || !Number.isInteger(step)) return '1m'
  if (step >= 28 * 86_400) return '1M'
  const [unit, seconds] = UNITS.find(([, length]) => step % length === 0) ?? ['s', 1]
  if (step / seconds > 9_999)
    throw new CandleFileInvalid([`rows are ${step} seconds apart: give the interval they have`])
  return `${step / seconds}${unit}`
}
