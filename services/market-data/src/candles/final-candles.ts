import type { Candle } from '@colibri/exchange'
import type { TimeRange } from './candle-range.ts'
import { endTimeOf, openTimeOf } from './intervals.ts'

/** So long after its end a candle is final, whatever the venue's clock and its delay. */
const SETTLE_MS = 60_000

/** What one answer of a venue says for good, and what is still open. */
export interface SortedAnswer {
  /** Rows that will not change any more. */
  readonly final: readonly Candle[]
  /** Of this range nothing else will ever be heard; undefined when nothing is final yet. */
  readonly known: TimeRange | undefined
  /** Rows of the range that may still change: the live candle, and the one before it for a moment. */
  readonly open: readonly Candle[]
}

/**
 * Sorts a venue's answer to "the candles of `range`, and the next one", at most `limit` rows. A candle is final when the venue has opened a later
 * one, or a minute after its end. That there is no candle is believed a minute after its end too, or when a later one came.
 */
export const sortAnswer = (
  interval: string,
  range: TimeRange,
  answer: readonly Candle[],
  limit: number,
  now: number,
): SortedAnswer => {
  const rows = answer.filter((row) => row.time >= range.from && isSane(row))
  const next = rows.find((row) => row.time >= range.to)
  const within = rows.filter((row) => row.time < range.to)
  const newest = rows.at(-1)?.time ?? range.from
  const settled = openTimeOf(interval, now - SETTLE_MS)
  // An answer as long as it may be says nothing of what comes behind it.
  const endOfAnswer = answer.length < limit ? Math.min(range.to, Math.max(newest, settled)) : newest
  const isFinal = (row: Candle): boolean =>
    (row.time < newest || endTimeOf(interval, row.time) + SETTLE_MS <= now) && endTimeOf(interval, row.time) <= now
  const open = within.filter((row) => !isFinal(row))
  const believed = next === undefined ? endOfAnswer : knownUpTo(range, within, next)
  const to = Math.min(believed, open[0]?.time ?? Number.POSITIVE_INFINITY)
  return {
    final: within.filter(isFinal),
    known: to > range.from ? { from: range.from, to } : undefined,
    open,
  }
}

/** A venue that has nothing before its first candle may answer with that one, however much later it is. */
const knownUpTo = (range: TimeRange, within: readonly Candle[], next: Candle): number =>
  within.length === 0 ? next.time : range.to

/** A venue's row that is no candle is left out: it would be served for ever. */
const isSane = ({ open, high, low, close, volume }: Candle): boolean =>
  [open, high, low, close, volume].every(Number.isFinite)
