import { type Bars, normalizedAverageTrueRange } from './average-true-range.ts'
import { type MacdLengths, macd } from './macd.ts'
import { lastOf } from './series.ts'
import { mean, standardDeviation } from './statistics.ts'

export interface TrendShift {
  /** The last MACD line and all of them: mean, and deviation of a sample. */
  readonly line: number
  readonly mean: number
  readonly deviation: number
  /** How many deviations the line is below its mean. */
  readonly reversal: number
  /** 1 while the histogram is above nothing, -1 otherwise. */
  readonly momentum: 1 | -1
  /** Average true range as a fraction of the close, row by row. */
  readonly volatility: Float64Array
  /** What the reference price is moved by, as a fraction of it. */
  readonly shift: number
}

/** Where pmm_dynamic puts the middle of its orders: half against the MACD, half with its momentum, up to half a range. */
export const trendShift = (bars: Bars, lengths: MacdLengths, natrLength: number): TrendShift => {
  const { line, histogram } = macd(bars.close, lengths)
  const volatility = normalizedAverageTrueRange(bars, natrLength).map((percent) => percent / 100)
  const [last, middle, deviation] = [lastOf(line), mean(line), standardDeviation(line, 'sample')]
  const reversal = -(last - middle) / deviation
  const momentum = lastOf(histogram) > 0 ? 1 : -1
  const shift = (0.5 * reversal + 0.5 * momentum) * (lastOf(volatility) / 2)
  return { line: last, mean: middle, deviation, reversal, momentum, volatility, shift }
}
