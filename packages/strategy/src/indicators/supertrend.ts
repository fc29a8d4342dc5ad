import { averageTrueRange, type Bars } from './average-true-range.ts'
import { lastOf, rowsOf, unavailable } from './series.ts'

export interface SuperTrend {
  /** The line that a close must cross for the trend to turn. */
  readonly trend: Float64Array
  /** 1 up, -1 down. */
  readonly direction: Float64Array
}

/**
 * SuperTrend, from row `length` on: a line at `multiplier` average true ranges below the middle of the candles while the
 * trend is up, above it while it is down. It only moves with the trend, but for candles whose close leaves the channel of
 * both lines; one that leaves it on the other side turns the trend. Up before the first turn (pandas_ta's supertrend with
 * TA-Lib's ATR).
 */
export const superTrend = (bars: Bars, length: number, multiplier: number): SuperTrend => {
  const rows = bars.close.length
  const line = { trend: unavailable(rows), direction: unavailable(rows) }
  writeSuperTrend(bars, multiplier, averageTrueRange(bars, rowsOf('length', length)), length, line)
  return line
}

const writeSuperTrend = (
  bars: Bars,
  multiplier: number,
  ranges: Float64Array,
  length: number,
  { trend, direction }: SuperTrend,
): void => {
  let up = true
  let [lowerBefore, upperBefore] = [Number.NaN, Number.NaN]
  for (let row = length; row < bars.close.length; row++) {
    const middle = ((bars.high[row] as number) + (bars.low[row] as number)) / 2
    const reach = multiplier * (ranges[row] as number)
    const close = bars.close[row] as number
    let [lower, upper] = [middle - reach, middle + reach]
    if (close > upperBefore) up = true
    else if (close < lowerBefore) up = false
    else if (up && lower < lowerBefore) lower = lowerBefore
    else if (!up && upper > upperBefore) upper = upperBefore
    trend[row] = up ? lower : upper
    direction[row] = up ? 1 : -1
    lowerBefore = lower
    upperBefore = upper
  }
}

/** On each row what `superTrend` gives for the last `window` rows up to it, as it is seen live; nothing before there are so many. */
export const slidingSuperTrend = (bars: Bars, length: number, multiplier: number, window: number): SuperTrend => {
  const rows = bars.close.length
  const all = { trend: unavailable(rows), direction: unavailable(rows) }
  const seen = { trend: unavailable(window), direction: unavailable(window) }
  const ranges = unavailable(window)
  rowsOf('length', length)
  for (let end = window; end <= rows; end++) {
    const last = barsBetween(bars, end - window, end)
    writeSuperTrend(last, multiplier, averageTrueRange(last, length, ranges), length, seen)
    all.trend[end - 1] = lastOf(seen.trend)
    all.direction[end - 1] = lastOf(seen.direction)
  }
  return all
}

const barsBetween = ({ high, low, close }: Bars, begin: number, end: number): Bars => ({
  high: high.subarray(begin, end),
  low: low.subarray(begin, end),
  close: close.subarray(begin, end),
})
