const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const WEEK = 7 * DAY
/** 1970-01-05 was a Monday. */
const FIRST_MONDAY = 4 * DAY

const UNITS: Readonly<Record<string, number>> = { s: SECOND, m: MINUTE, h: HOUR, d: DAY, w: WEEK }

/** A candle's length: fixed, or a number of calendar months. */
type Length = { readonly kind: 'fixed'; readonly ms: number } | { readonly kind: 'months'; readonly count: number }

const lengthOf = (interval: string): Length => {
  const [, digits = '', unit = ''] = /^([1-9]\d{0,3})([smhdwM])$/.exec(interval) ?? []
  const count = Number(digits)
  // Gate.io, the only one that has it, means a calendar month.
  if (interval === '30d') return { kind: 'months', count: 1 }
  if (count === 0)
    throw new RangeError(`'${interval}' is no candle interval: give a number and one of s, m, h, d, w, M`)
  return unit === 'M' ? { kind: 'months', count } : { kind: 'fixed', ms: count * (UNITS[unit] ?? 0) }
}

/** Whether a text has the form of an interval, `5m`, `1M`, whoever has such candles. */
export const isInterval = (interval: string): boolean => /^[1-9]\d{0,3}[smhdwM]$/.test(interval)

/** How long a candle is, months at their longest. Milliseconds. Throws `RangeError`. */
export const durationOf = (interval: string): number => {
  const length = lengthOf(interval)
  return length.kind === 'fixed' ? length.ms : length.count * 31 * DAY
}

/** The most candles that can open in a stretch of time. */
export const countIn = (interval: string, ms: number): number => {
  const length = lengthOf(interval)
  return Math.ceil(ms / (length.kind === 'fixed' ? length.ms : length.count * 28 * DAY))
}

/**
 * Where the candle that holds `time` opens: whole multiples of the interval since 1970 in UTC, weeks on Mondays, months on
 * the first.
 */
export const openTimeOf = (interval: string, time: number): number => {
  const length = lengthOf(interval)
  if (length.kind === 'months') {
    const date = new Date(time)
    const month = date.getUTCFullYear() * 12 + date.getUTCMonth()
    const first = Math.floor(month / length.count) * length.count
    return Date.UTC(Math.floor(first / 12), first % 12, 1)
  }
  const origin = interval.endsWith('w') ? FIRST_MONDAY : 0
  return Math.floor((time - origin) / length.ms) * length.ms + origin
}

/** Where the candle that opened at `openTime` ends and the next one opens. */
export const endTimeOf = (interval: string, openTime: number): number => {
  const length = lengthOf(interval)
  if (length.kind === 'fixed') return openTime + length.ms
  const date = new Date(openTime)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + length.count, date.getUTCDate())
}
