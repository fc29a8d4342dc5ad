import { regression } from './regression.ts'
import { lastRows } from './series.ts'
import { mean, standardDeviation } from './statistics.ts'

export interface PairSpread {
  /** The hedge's cumulative return as a line over the dominant's. */
  readonly alpha: number
  readonly beta: number
  /** How far the hedge is above that line, in percent of it: now, on average, and its deviation. */
  readonly last: number
  readonly mean: number
  readonly deviation: number
  /** The last spread in deviations from the mean. */
  readonly z: number
}

/** What one coin became, counted from the first of the returns: it starts at 1. */
const cumulativeReturns = (prices: Float64Array): Float64Array => {
  const grown = new Float64Array(Math.max(0, prices.length - 1))
  let product = 1
  for (let row = 1; row < prices.length; row++) {
    product *= 1 + ((prices[row] as number) / (prices[row - 1] as number) - 1)
    grown[row - 1] = product
  }
  const first = grown[0] ?? Number.NaN
  return grown.map((value) => value / first)
}

/**
 * How far two markets that go together have come apart over the last `lookback` closes, matched by position. Undefined
 * where one of them has fewer.
 */
export const pairSpread = (dominant: Float64Array, hedge: Float64Array, lookback: number): PairSpread | undefined => {
  if (dominant.length < lookback || hedge.length < lookback) return undefined
  const x = cumulativeReturns(lastRows(dominant, lookback))
  const y = cumulativeReturns(lastRows(hedge, lookback))
  const { intercept: alpha, slope: beta } = regression(x, y)
  const spreads = y.map((value, point) => {
    const expected = alpha + beta * (x[point] as number)
    return ((value - expected) / expected) * 100
  })
  const last = spreads[spreads.length - 1] ?? Number.NaN
  const [middle, deviation] = [mean(spreads), standardDeviation(spreads, 'all')]
  return { alpha, beta, last, mean: middle, deviation, z: (last - middle) / deviation }
}
