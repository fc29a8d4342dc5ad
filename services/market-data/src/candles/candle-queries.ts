import { badRequest } from '@colibri/service-kit'
import { pythonList } from '../venue-calls/python-text.ts'
import type { TimeRange } from './candle-range.ts'
import { durationOf, isInterval } from './intervals.ts'

/** More than a year of minutes: beyond it a client pages. */
const MAX_HISTORY_ROWS = 1_100_000
/** Seconds and milliseconds of any time that matters are told apart here: the year 5138 and March 1973. */
const FIRST_MILLISECOND = 1e11

/** What of a request can be judged without asking anybody. Throws `ApiError`. */
export const checkPair = (tradingPair: string): void => {
  if (!/^[^\s\p{Cc}-]{1,50}-[^\s\p{Cc}]{1,50}$/u.test(tradingPair))
    throw badRequest(`Invalid trading pair format '${tradingPair}'. Expected format: BASE-QUOTE (e.g., BTC-USDT)`)
}

export const unsupportedConnector = (connectorName: string, available: readonly string[]) =>
  badRequest(`Unsupported connector '${connectorName}'. Available connectors: ${pythonList(available)}`)

export const unsupportedInterval = (interval: string, connectorName: string, offered: readonly string[]) =>
  badRequest(`Unsupported interval '${interval}' for '${connectorName}'. Supported intervals: ${pythonList(offered)}`)

/** From inclusive seconds. Throws `ApiError`. */
export const historyRange = (interval: string, startTime: number, endTime: number): TimeRange => {
  const refuse = (text: string) => badRequest(`Invalid parameters: ${text}`)
  for (const [name, value] of Object.entries({ start_time: startTime, end_time: endTime })) {
    if (value < 0) throw refuse(`${name} ${value} is negative; give seconds since 1970`)
    if (value >= FIRST_MILLISECOND) throw refuse(`${name} ${value} is too large; give seconds since 1970`)
  }
  if (startTime > endTime) throw refuse(`start_time ${startTime} is after end_time ${endTime}`)
  if (!isInterval(interval)) throw refuse(`'${interval}' is no candle interval; give one like 5m, 1h or 1d`)
  const rows = ((endTime - startTime) * 1000) / durationOf(interval)
  if (rows > MAX_HISTORY_ROWS)
    throw refuse(`the range holds ${Math.floor(rows)} candles of ${interval}; at most ${MAX_HISTORY_ROWS} are answered`)
  return { from: startTime * 1000, to: endTime * 1000 + 1 }
}
