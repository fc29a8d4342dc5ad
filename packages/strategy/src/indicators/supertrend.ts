import { averageTrueRange, type Bars } from './average-true-range.ts'
import { rowsOf, unavailable } from './series.ts'

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
  rowsOf('length', length)
  const rows = bars.close.length
  const [trend, direction] = [unavailable(rows), unavailable(rows)]
  const ranges = averageTrueRange(bars, length)
  let up = true
  let [lowerBefore, upperBefore] = [Number.NaN, Number.NaN]
  for (let row = length; row < rows; row++) {
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
  return { trend, direction }
}
