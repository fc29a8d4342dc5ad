import type { TimeRange } from './candle-range.ts'
import { durationOf } from './intervals.ts'

/** Rows of one window at most: what is read of the store at a time. */
const WINDOW_ROWS = 10_000

/** A range cut by time, not by rows: each window touches its own rows alone, however Postgres goes about it. */
export const windows = function* (interval: string, { from, to }: TimeRange): Generator<TimeRange> {
  const length = WINDOW_ROWS * durationOf(interval)
  for (let start = from; start < to; start += length) yield { from: start, to: Math.min(to, start + length) }
}
