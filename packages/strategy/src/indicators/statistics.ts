/** What a deviation is divided by: all values, or one fewer. */
export type Population = 'all' | 'sample'

/** The mean of the values there are; NaN without any. */
export const mean = (values: Float64Array): number => {
  let [sum, count] = [0, 0]
  for (const value of values) {
    if (Number.isNaN(value)) continue
    sum += value
    count++
  }
  return sum / count
}

/**
 * The standard deviation of the values there are, in two passes: of `all` of them (numpy's, ddof 0) or of a `sample`
 * (pandas', ddof 1). NaN where there are too few.
 */
export const standardDeviation = (values: Float64Array, population: Population): number => {
  const middle = mean(values)
  let [squares, count] = [0, 0]
  for (const value of values) {
    if (Number.isNaN(value)) continue
    squares += (value - middle) ** 2
    count++
  }
  return Math.sqrt(squares / (population === 'all' ? count : count - 1))
}

/** How many standard deviations of all values the last one lies above their mean. */
export const zScore = (values: Float64Array): number =>
  ((values[values.length - 1] ?? Number.NaN) - mean(values)) / standardDeviation(values, 'all')
