/** A straight line through samples: its slope and how far the true one may be from it, both per unit of x. */
export interface Trend {
  readonly slope: number
  /** Half of the interval that holds the true slope with 95 % confidence. */
  readonly confidence: number
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((one, other) => one - other)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/**
 * Least squares. Neighbouring samples of a heap resemble each other, so that there are fewer of them than it looks: their
 * number is taken down by the correlation of each residual with the next (Santer et al. 2000, doi:10.1029/1999JD901105).
 */
export const trendOf = (samples: readonly { readonly x: number; readonly y: number }[]): Trend => {
  const xMean = mean(samples.map(({ x }) => x))
  const yMean = mean(samples.map(({ y }) => y))
  const spread = samples.reduce((sum, { x }) => sum + (x - xMean) ** 2, 0)
  const slope = samples.reduce((sum, { x, y }) => sum + (x - xMean) * (y - yMean), 0) / spread
  const residuals = samples.map(({ x, y }) => y - yMean - slope * (x - xMean))
  const squares = residuals.reduce((sum, residual) => sum + residual ** 2, 0)
  const neighbours = residuals.reduce((sum, residual, at) => sum + residual * (residuals[at + 1] ?? 0), 0)
  const correlation = squares === 0 ? 0 : Math.max(0, neighbours / squares)
  const independent = Math.max(3, samples.length * ((1 - correlation) / (1 + correlation)))
  return { slope, confidence: 2 * Math.sqrt(squares / (independent - 2) / spread) }
}
