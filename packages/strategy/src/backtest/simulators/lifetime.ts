import type { Candles } from '../../candles.ts'

/**
 * The last row of one created on a row: the last that is not later than its time limit, in seconds. No limit, or one of
 * zero: the last row of all.
 */
export const lastRowOf = (candles: Candles, row: number, timeLimit: number | null): number => {
  const last = candles.length - 1
  if (!timeLimit) return last
  const { timestamp } = candles
  const until = (timestamp[row] as number) + timeLimit
  if ((timestamp[last] as number) <= until) return last
  let inside = row
  let outside = last
  while (outside - inside > 1) {
    const middle = (inside + outside) >> 1
    if ((timestamp[middle] as number) <= until) inside = middle
    else outside = middle
  }
  return inside
}
