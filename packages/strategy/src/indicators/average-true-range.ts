import { meanOf, rowsOf, unavailable } from './series.ts'

/** High, low and close of candles, row by row. */
export interface Bars {
  readonly high: Float64Array
  readonly low: Float64Array
  readonly close: Float64Array
}

/** Below this a close counts as zero and the average is no share of it. */
const NOTHING = 1e-14

/** How far a candle went, its jump from the last close included; from row 1 on (Wilder 1978; TA-Lib TRANGE). */
export const trueRange = ({ high, low, close }: Bars): Float64Array => {
  const ranges = unavailable(close.length)
  for (let row = 1; row < close.length; row++) {
    const [top, bottom, before] = [high[row] as number, low[row] as number, close[row - 1] as number]
    ranges[row] = Math.max(top - bottom, Math.abs(before - top), Math.abs(before - bottom))
  }
  return ranges
}

/** Wilder's average of the true range; from row `length` on, where it starts as a plain mean (TA-Lib ATR). */
export const averageTrueRange = (bars: Bars, length: number): Float64Array => {
  rowsOf('length', length)
  const ranges = trueRange(bars)
  const averages = unavailable(ranges.length)
  if (ranges.length <= length) return averages
  let average = meanOf(ranges, 1, length)
  averages[length] = average
  for (let row = length + 1; row < ranges.length; row++) {
    average = (average * (length - 1) + (ranges[row] as number)) / length
    averages[row] = average
  }
  return averages
}

/** The average true range in percent of the close (TA-Lib NATR). */
export const normalizedAverageTrueRange = (bars: Bars, length: number): Float64Array => {
  const ranges = averageTrueRange(bars, length)
  for (let row = length; row < ranges.length; row++) {
    const close = bars.close[row] as number
    ranges[row] = Math.abs(close) < NOTHING ? 0 : (100 * (ranges[row] as number)) / close
  }
  return ranges
}
