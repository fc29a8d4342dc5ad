import { type Bars, normalizedAverageTrueRange } from './average-true-range.ts'
import { type Macd, type MacdLengths, macd, unavailableMacd, writeMacd } from './macd.ts'
import { lastOf, unavailable } from './series.ts'
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
  const volatility = normalizedAverageTrueRange(bars, natrLength).map((percent) => percent / 100)
  return { ...shiftOf(macd(bars.close, lengths), lastOf(volatility)), volatility }
}

const shiftOf = ({ line, histogram }: Macd, volatility: number): Omit<TrendShift, 'volatility'> => {
  const [last, middle, deviation] = [lastOf(line), mean(line), standardDeviation(line, 'sample')]
  const reversal = -(last - middle) / deviation
  const momentum = lastOf(histogram) > 0 ? 1 : -1
  const shift = (0.5 * reversal + 0.5 * momentum) * (volatility / 2)
  return { line: last, mean: middle, deviation, reversal, momentum, shift }
}

/** On each row what `trendShift` gives for the last `window` rows up to it, as it is seen live; nothing before there are so many. */
export const slidingTrendShift = (
  { high, low, close }: Bars,
  lengths: MacdLengths,
  natrLength: number,
  window: number,
): { readonly shift: Float64Array; readonly volatility: Float64Array } => {
  const [shift, volatility, seen] = [unavailable(close.length), unavailable(close.length), unavailableMacd(window)]
  for (let end = window; end <= close.length; end++) {
    const rows = (series: Float64Array): Float64Array => series.subarray(end - window, end)
    const bars = { high: rows(high), low: rows(low), close: rows(close) }
    const range = lastOf(normalizedAverageTrueRange(bars, natrLength)) / 100
    writeMacd(bars.close, lengths, seen)
    volatility[end - 1] = range
    shift[end - 1] = shiftOf(seen, range).shift
  }
  return { shift, volatility }
}
