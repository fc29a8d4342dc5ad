import type { Candle } from '@colibri/exchange'
import { durationOf, endTimeOf, openTimeOf } from './intervals.ts'

const DAY = 86_400_000

/** Which of the intervals at hand an interval can be aggregated from, the highest first: it takes the fewest rows. */
export const resampleSource = (interval: string, available: readonly string[]): readonly string[] =>
  available.filter((lower) => divides(lower, interval)).sort((left, right) => durationOf(right) - durationOf(left))

/** True when every candle of `interval` is a whole number of candles of `lower`. */
const divides = (lower: string, interval: string): boolean => {
  const [part, whole] = [durationOf(lower), durationOf(interval)]
  if (part >= whole || /[wM]$|^30d$/.test(lower)) return false
  // Weeks and months begin at midnight, but not at multiples of their own length.
  return /[wM]$|^30d$/.test(interval) ? DAY % part === 0 : whole % part === 0
}

/**
 * Candles of a higher interval as the aggregation of lower ones, oldest first: first open, highest high, lowest low, last
 * close, sums of the rest. An interval without lower candles has none.
 */
export const resample = function* (interval: string, rows: Iterable<Candle>): Generator<Candle> {
  const resampler = new Resampler(interval)
  for (const row of rows) {
    const done = resampler.add(row)
    if (done !== undefined) yield done
  }
  const last = resampler.end()
  if (last !== undefined) yield last
}

/** As `resample`, for rows that come in pages. */
export class Resampler {
  readonly #interval: string
  #current: Candle | undefined
  #end = 0

  constructor(interval: string) {
    this.#interval = interval
  }

  /** Takes the next row; gives the candle that ended before it, if one did. */
  add(row: Candle): Candle | undefined {
    const before = this.#current
    if (before !== undefined && row.time < this.#end) {
      this.#current = joined(before, row)
      return undefined
    }
    const time = openTimeOf(this.#interval, row.time)
    this.#current = { ...row, time }
    this.#end = endTimeOf(this.#interval, time)
    return before === undefined ? undefined : rounded(before)
  }

  end(): Candle | undefined {
    const last = this.#current
    this.#current = undefined
    return last === undefined ? undefined : rounded(last)
  }
}

const joined = (into: Candle, row: Candle): Candle => ({
  time: into.time,
  open: into.open,
  high: Math.max(into.high, row.high),
  low: Math.min(into.low, row.low),
  close: row.close,
  volume: into.volume + row.volume,
  quoteVolume: into.quoteVolume + row.quoteVolume,
  trades: into.trades + row.trades,
  takerBuyBaseVolume: into.takerBuyBaseVolume + row.takerBuyBaseVolume,
  takerBuyQuoteVolume: into.takerBuyQuoteVolume + row.takerBuyQuoteVolume,
})

/** Sums of floats end in noise (1271.6810799999998) that a venue's own candle has not: 13 digits are kept. */
const rounded = (candle: Candle): Candle => ({
  ...candle,
  volume: digits13(candle.volume),
  quoteVolume: digits13(candle.quoteVolume),
  takerBuyBaseVolume: digits13(candle.takerBuyBaseVolume),
  takerBuyQuoteVolume: digits13(candle.takerBuyQuoteVolume),
})

const digits13 = (sum: number): number => Number(sum.toPrecision(13))
