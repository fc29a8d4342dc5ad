import type { Candles } from '../../candles.ts'

/** How many rows are passed over at once. */
const BLOCK = 256

interface Extremes {
  readonly lowest: Float64Array
  readonly highest: Float64Array
}

const extremesOf = (close: Float64Array): Extremes => {
  const blocks = Math.ceil(close.length / BLOCK)
  const lowest = new Float64Array(blocks).fill(Number.POSITIVE_INFINITY)
  const highest = new Float64Array(blocks).fill(Number.NEGATIVE_INFINITY)
  for (let row = 0; row < close.length; row++) {
    const block = Math.floor(row / BLOCK)
    const value = close[row] as number
    if (value < (lowest[block] as number)) lowest[block] = value
    if (value > (highest[block] as number)) highest[block] = value
  }
  return { lowest, highest }
}

const known = new WeakMap<Candles, Extremes>()

const extremes = (candles: Candles): Extremes => {
  const found = known.get(candles) ?? extremesOf(candles.close)
  known.set(candles, found)
  return found
}

/**
 * The first row of `from` to `to`, both included, whose close is at a limit price or better for who trades there: for a
 * BUY not above it, for a SELL not below. -1: none. Takes the square root of the rows' number at worst, for those rules
 * of the original that look into the future.
 */
export const firstCrossing = (
  candles: Candles,
  side: 'BUY' | 'SELL',
  limit: number,
  from: number,
  to: number,
): number => {
  const { close } = candles
  const { lowest, highest } = extremes(candles)
  let row = from
  while (row <= to) {
    const block = Math.floor(row / BLOCK)
    const end = Math.min(to, block * BLOCK + BLOCK - 1)
    const reached = side === 'BUY' ? (lowest[block] as number) <= limit : (highest[block] as number) >= limit
    if (reached) {
      for (; row <= end; row++) {
        const value = close[row] as number
        if (side === 'BUY' ? value <= limit : value >= limit) return row
      }
    }
    row = end + 1
  }
  return -1
}
