/** A series of n rows without a value yet. */
export const unavailable = (length: number): Float64Array => new Float64Array(length).fill(Number.NaN)

/**
 * The last rows of a series, as a view. Indicators that remember (EMA, MACD, ATR, RSI, SuperTrend) depend on the row they
 * start from: live, each is calculated anew over exactly the rows its controller asks for, and does not run on.
 */
export const lastRows = (series: Float64Array, rows: number): Float64Array =>
  series.subarray(Math.max(0, series.length - rows))

/** The last value; NaN where there is none. */
export const lastOf = (series: Float64Array): number => series[series.length - 1] ?? Number.NaN

/** The mean of `count` values from `start` on, added up from the first to the last. */
export const meanOf = (series: Float64Array, start: number, count: number): number => {
  let sum = 0
  for (let row = start; row < start + count; row++) sum += series[row] as number
  return sum / count
}

/** An indicator's length must be a whole number of rows. */
export const rowsOf = (name: string, value: number, least = 1): number => {
  if (!Number.isInteger(value) || value < least) {
    throw new RangeError(`${name} is ${value}, it must be a whole number of at least ${least}`)
  }
  return value
}
