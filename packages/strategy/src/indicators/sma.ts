import { rowsOf, unavailable } from './series.ts'

/**
 * Simple moving average, from row `length - 1` on. A running sum, as TA-Lib's SMA: what leaves the window is taken away
 * after the mean was written.
 */
export const sma = (values: Float64Array, length: number): Float64Array => {
  rowsOf('length', length)
  const means = unavailable(values.length)
  let sum = 0
  for (let row = 0; row < values.length; row++) {
    sum += values[row] as number
    if (row < length - 1) continue
    means[row] = sum / length
    sum -= values[row - length + 1] as number
  }
  return means
}
