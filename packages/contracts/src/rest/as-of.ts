import { type Checked, lax, no, ok } from './lax.ts'

const FIRST_MILLISECOND = 1e11
const LAST_MILLISECOND = 8.64e15

const WANTED =
  'Input should be a time in the past: ISO 8601 (2026-01-31T12:00:00Z), epoch seconds (1769860800) or epoch milliseconds (1769860800000)'

const number = /^\+?\d+(?:\.\d*)?$/
// A `+` that was not escaped in a query string arrives as a space.
const iso =
  /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s?(?:([Zz])|([-+ ]?)(\d{2}):?(\d{2}))?)?$/

const ofEpoch = (value: number): number | undefined => {
  if (!Number.isFinite(value) || value < 0) return undefined
  const milliseconds = Math.floor(value < FIRST_MILLISECOND ? value * 1000 : value)
  return milliseconds <= LAST_MILLISECOND ? milliseconds : undefined
}

const ofIso = (text: string): number | undefined => {
  const match = iso.exec(text)
  if (match === null) return undefined
  const [, year = '', month = '', day = '', hour = '0', minute = '0', second = '0', fraction = ''] = match
  const [, , , , , , , , , sign = '', zoneHours = '0', zoneMinutes = '0'] = match
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)))
  // Date.UTC turns the 30th of February into the 2nd of March.
  const exists = date.toISOString().startsWith(`${year}-${month}-${day}`)
  if (!exists || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined
  if (Number(zoneHours) > 23 || Number(zoneMinutes) > 59) return undefined
  const offset = (Number(zoneHours) * 60 + Number(zoneMinutes)) * 60_000 * (sign === '-' ? -1 : 1)
  const milliseconds = Number(fraction.padEnd(3, '0').slice(0, 3))
  const time =
    date.getTime() + ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1000 + milliseconds - offset
  return time >= 0 ? time : undefined
}

/**
 * A moment as clients write it, in epoch milliseconds: ISO 8601 (without a zone it is UTC, a date is its midnight), epoch
 * seconds (below 10^11, with a fraction if need be) or epoch milliseconds. Undefined when it is none, or before 1970.
 */
export const parseInstant = (input: unknown): number | undefined => {
  if (typeof input === 'number') return ofEpoch(input)
  if (typeof input !== 'string') return undefined
  const text = input.trim()
  return number.test(text) ? ofEpoch(Number(text)) : ofIso(text)
}

const said = (input: unknown): string => (typeof input === 'string' ? `'${input}'` : JSON.stringify(input))

const instantSchema = { anyOf: [{ type: 'string' }, { type: 'number' }] }

/** Any moment, past or future, in epoch milliseconds: for `since` and `until`. */
export const instant = () =>
  lax((input): Checked<number> => {
    const time = parseInstant(input)
    if (time !== undefined) return ok(time)
    return no(
      'datetime_parsing',
      `Input should be a time: ISO 8601 (2026-01-31T12:00:00Z), epoch seconds (1769860800) or epoch milliseconds (1769860800000), not ${said(input)}`,
    )
  }, instantSchema)

/**
 * `?as_of=…`: a moment that is not in the future by the clock of `now`, in epoch milliseconds. Refused (422) with the value
 * and what would be right otherwise. Optional as `nullable(asOf())`.
 */
export const asOf = (now: () => number = Date.now) =>
  lax((input): Checked<number> => {
    const time = parseInstant(input)
    if (time === undefined) return no('datetime_parsing', `${WANTED}, not ${said(input)}`)
    const present = now()
    if (time <= present) return ok(time)
    const [asked, latest] = [new Date(time).toISOString(), new Date(present).toISOString()]
    return no('datetime_past', `${WANTED}; ${said(input)} is ${asked}, and now it is ${latest}`)
  }, instantSchema)
