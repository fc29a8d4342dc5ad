import { rowsOf, unavailable } from './series.ts'

/** High, low and close of candles, row by row. */
export interface Bars {
  readonly high: Float64Array
  readonly low: Float64Array
  readonly close: Float64Array
}

/** Below this a close counts as zero and the average is no share of it. */
const NOTHING = 1e-14

/** How far a candle went, its jump from the last close included. */
const rangeAt = ({ high, low, close }: Bars, row: number): number => {
  const [top, bottom, before] = [high[row] as number, low[row] as number, close[row - 1] as number]
  return Math.max(top - bottom, Math.abs(before - top), Math.abs(before - bottom))
}

/** True range, from row 1 on (Wilder 1978; TA-Lib TRANGE). */
export const trueRange = (bars: Bars): Float64Array => {
  const ranges = unavailable(bars.close.length)
  for (let row = 1; row < ranges.length; row++) ranges[row] = rangeAt(bars, row)
  return ranges
}

/** Wilder's average of the true range; from row `length` on, where it starts as a plain mean (TA-Lib ATR). */
export const averageTrueRange = (bars: Bars, length: number): Float64Array => {
  rowsOf('length', length)
  const averages = unavailable(bars.close.length)
  let average = 0
  for (let row = 1; row < averages.length; row++) {
    const range = rangeAt(bars, row)
    if (row > length) average = (average * (length - 1) + range) / length
    else average = row === length ? (average + range) / length : average + range
    if (row >= length) averages[row] = average
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
