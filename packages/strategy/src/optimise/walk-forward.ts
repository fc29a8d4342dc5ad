import { SearchRefused } from './refused.ts'

/** From the first candle to the last, in seconds, both included. */
export interface Span {
  readonly from: number
  readonly to: number
}

export interface Window {
  /** Parameters are chosen here … */
  readonly train: Span
  /** … and judged here, on the candles that follow. */
  readonly test: Span
}

export interface WalkForward {
  readonly windows: number
  /** Of each window; the rest is its test. */
  readonly trainShare: number
  /** Anchored: every train begins with the first candle. */
  readonly kind: 'rolling' | 'anchored'
}

/** A train or a test of fewer candles says nothing. */
const FEWEST = 10

/**
 * Tests of the same length, one after the other up to the end, each with its train before it. `interval`: seconds of a
 * candle. Throws `SearchRefused` when there is not enough time for them.
 */
export const windowsOf = (whole: Span, interval: number, walk: WalkForward): readonly Window[] => {
  const { windows, trainShare, kind } = walk
  const candles = Math.floor((whole.to - whole.from) / interval) + 1
  const perTest = trainShare / (1 - trainShare)
  const test = Math.floor(candles / (windows + perTest))
  // 0.7 / 0.3 is a little less than it should be.
  const train = Math.floor(test * perTest + 1e-9)
  if (Math.min(test, train) < FEWEST)
    throw new SearchRefused([
      {
        path: ['windows'],
        says: `${candles} candles make ${windows} windows of ${train} to train and ${test} to test; ${FEWEST} of each are the fewest`,
      },
    ])
  // What does not divide evenly is left out at the beginning: the newest candles matter most.
  const first = candles - windows * test - train
  const at = (candle: number): number => whole.from + candle * interval
  return Array.from({ length: windows }, (_, index) => {
    const begin = first + train + index * test
    return {
      train: { from: at(kind === 'anchored' ? 0 : begin - train), to: at(begin - 1) },
      test: { from: at(begin), to: at(begin + test - 1) },
    }
  })
}
