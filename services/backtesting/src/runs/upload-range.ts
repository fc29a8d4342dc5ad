import type { BacktestSpec } from '@colibri/contracts'
import { badRequest } from '@colibri/service-kit'
import { secondsOf } from '../candles/interval.ts'
import type { DescribedFeed, Series } from '../workers/job.ts'
import { feedKey } from '../workers/messages.ts'

/** A time as errors say it; one that no calendar has as the number it was given as. */
export const timeText = (seconds: number): string => {
  const time = new Date(seconds * 1_000)
  return Number.isNaN(time.getTime()) ? `${seconds} s` : time.toISOString()
}

/**
 * Throws `ApiError` 400 for candles that came with a request and do not reach from its beginning to its end: a backtest of
 * a part of the time would look like one of the whole. What lies before the beginning is warm-up and may be missing, as may
 * candles in between: as in an imported file, nothing was traded then.
 */
export const refusePartial = (
  { startTime, endTime }: Pick<BacktestSpec, 'startTime' | 'endTime'>,
  feeds: readonly DescribedFeed[],
  uploads: readonly Series[],
): void => {
  const wanted = new Set(feeds.map(feedKey))
  const found = uploads.filter((series) => wanted.has(feedKey(series)) && isPartial(series, startTime, endTime))
  if (found.length === 0) return
  const asked = `start_time ${startTime} (${timeText(startTime)}) to end_time ${endTime} (${timeText(endTime)})`
  throw badRequest(
    `The backtest is from ${asked}, but ${found.map(spanText).join(', and ')}: ` +
      'give the candles of all of that time, or a start_time and an end_time that lie within them',
  )
}

/** The first and the last candle that a time asks for are counted from those that are there, wherever in the day they lie. */
const isPartial = (series: Series, from: number, to: number): boolean => {
  const { first, last, seconds } = spanOf(series)
  return first - from >= seconds || to - last >= 2 * seconds
}

const spanText = (series: Series): string => {
  const { first, last, seconds } = spanOf(series)
  const end = last + seconds
  return (
    `the ${series.interval} candles of ${series.pair} on ${series.connector} that came with the request go ` +
    `from ${first} (${timeText(first)}) to ${end} (${timeText(end)})`
  )
}

const spanOf = ({ interval, candles: { timestamp } }: Series) => ({
  first: timestamp[0] ?? Number.NaN,
  last: timestamp.at(-1) ?? Number.NaN,
  seconds: secondsOf(interval) ?? 0,
})
