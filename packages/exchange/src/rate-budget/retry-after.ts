import type { Refusal } from './venue-standing.ts'

const seconds = /^\d+(\.\d+)?$/
/** `Date.parse` takes nearly anything for a date. */
const httpDate = /\d\d:\d\d:\d\d/
/** Binance names the end of a ban in its message, in epoch milliseconds. */
const bannedUntil = /banned until (\d{13})\b/i

const headerOf = (headers: unknown, name: string): string | undefined => {
  if (typeof headers !== 'object' || headers === null) return undefined
  const value = Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1]
  return typeof value === 'string' ? value.trim() : undefined
}

/**
 * When a refusing venue says that it will listen again: `Retry-After` in seconds or as an HTTP date (RFC 9110 §10.2.3), or
 * in its message; null when it says nothing. Its times are moved by what its `Date` header differs from our clock.
 */
export const retryAfter = (headers: unknown, body: string, now: number): number | null => {
  const said = headerOf(headers, 'date')
  const venueNow = said === undefined ? Number.NaN : Date.parse(said)
  const ahead = Number.isNaN(venueNow) ? 0 : venueNow - now
  const ends: number[] = []
  const header = headerOf(headers, 'retry-after')
  if (header !== undefined) {
    const date = httpDate.test(header) ? Date.parse(header) : Number.NaN
    if (seconds.test(header)) ends.push(now + Number(header) * 1_000)
    else if (!Number.isNaN(date)) ends.push(date - ahead)
  }
  const named = bannedUntil.exec(body)?.[1]
  if (named !== undefined) ends.push(Number(named) - ahead)
  return ends.length === 0 ? null : Math.max(...ends)
}

/** The refusal in a venue's reply, if it is one. `RateLimitExceeded` is what ccxt makes of venues' own codes for 429. */
export const refusalOf = (
  reply: { readonly status: number; readonly headers: unknown; readonly body: string },
  error: unknown,
  now: number,
): Refusal | undefined => {
  const limited = error instanceof Error && error.constructor.name === 'RateLimitExceeded'
  if (reply.status !== 418 && reply.status !== 429 && !limited) return undefined
  const until = retryAfter(reply.headers, reply.body, now)
  return { kind: reply.status === 418 ? 'banned' : 'throttled', until }
}
