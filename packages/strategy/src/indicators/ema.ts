import { meanOf, rowsOf, unavailable } from './series.ts'

/** What a new value weighs in an exponential average of that length. */
export const emaWeight = (length: number): number => 2 / (length + 1)

/** Exponential moving average, from row `length - 1` on, where it starts as the mean of the rows so far (TA-Lib EMA). */
export const ema = (values: Float64Array, length: number): Float64Array => {
  rowsOf('length', length)
  const averages = unavailable(values.length)
  if (values.length < length) return averages
  const weight = emaWeight(length)
  let average = meanOf(values, 0, length)
  averages[length - 1] = average
  for (let row = length; row < values.length; row++) {
    average = ((values[row] as number) - average) * weight + average
    averages[row] = average
  }
  return averages
}
