import { rowsOf, unavailable } from './series.ts'

export interface BollingerBands {
  readonly upper: Float64Array
  readonly middle: Float64Array
  readonly lower: Float64Array
}

/**
 * When nothing moves. `absolute`: below a fixed variance, as TA-Lib 0.6 and 0.7 have it, which makes one line of the bands
 * of anything that costs less than a ten-thousandth, and %B any number there. `relative`: below what can be told from
 * rounding at that price; %B is then in the middle.
 */
export type Stillness = 'absolute' | 'relative'

/** The variance, of the square of the price if relative, below which nothing moves. */
const NOTHING = 1e-14

/** What takes the place of a width of nothing, and is then added to every row: the spacing of doubles at 1. */
const LEAST_WIDTH = Number.EPSILON

/**
 * Bands of `deviations` standard deviations, the population's, around a simple moving average; from row `length - 1` on
 * (TA-Lib BBANDS). The sums run on from row to row, and what leaves the window is taken away afterwards: the last digits
 * depend on that.
 */
export const bollingerBands = (
  values: Float64Array,
  length: number,
  deviations: number,
  stillness: Stillness = 'absolute',
): BollingerBands => {
  rowsOf('length', length)
  const rows = values.length
  const [upper, middle, lower] = [unavailable(rows), unavailable(rows), unavailable(rows)]
  let sum = 0
  let squares = 0
  for (let row = 0; row < rows; row++) {
    const value = values[row] as number
    sum += value
    squares += value * value
    if (row < length - 1) continue
    const mean = sum / length
    const variance = squares / length - mean * mean
    const least = stillness === 'absolute' ? NOTHING : NOTHING * mean * mean
    const width = variance < least ? 0 : Math.sqrt(variance) * deviations
    upper[row] = mean + width
    middle[row] = mean
    lower[row] = mean - width
    const oldest = values[row - length + 1] as number
    sum -= oldest
    squares -= oldest * oldest
  }
  return { upper, middle, lower }
}

/** a - b. One row of exactly nothing lifts them all by the least width: pandas_ta's way not to divide by zero. */
const distance = (a: Float64Array, b: Float64Array): Float64Array => {
  const distances = new Float64Array(a.length)
  let lift = 0
  for (let row = 0; row < a.length; row++) {
    const between = (a[row] as number) - (b[row] as number)
    if (between === 0) lift = LEAST_WIDTH
    distances[row] = between
  }
  if (lift > 0) for (let row = 0; row < a.length; row++) distances[row] = (distances[row] as number) + lift
  return distances
}

/** Where each value lies between its bands: 0 on the lower one, 1 on the upper one (%B). */
export const percentB = (
  values: Float64Array,
  { upper, lower }: BollingerBands,
  stillness: Stillness = 'absolute',
): Float64Array => {
  if (stillness === 'relative') {
    return values.map((value, row) => {
      const [bottom, width] = [lower[row] as number, (upper[row] as number) - (lower[row] as number)]
      return width === 0 ? 0.5 : (value - bottom) / width
    })
  }
  const widths = distance(upper, lower)
  const positions = distance(values, lower)
  for (let row = 0; row < positions.length; row++) positions[row] = (positions[row] as number) / (widths[row] as number)
  return positions
}

/** The distance between the bands in percent of the middle. */
export const bandwidth = (
  { upper, middle, lower }: BollingerBands,
  stillness: Stillness = 'absolute',
): Float64Array => {
  const widths =
    stillness === 'absolute' ? distance(upper, lower) : upper.map((top, row) => top - (lower[row] as number))
  for (let row = 0; row < widths.length; row++) {
    widths[row] = (100 * (widths[row] as number)) / (middle[row] as number)
  }
  return widths
}
