import { VenueRefused, VenueUnavailable } from '@colibri/exchange'
import type { Decimal } from 'decimal.js'
import { z } from 'zod'
import { Exact, pairTokens } from './find-rate.ts'

/** How a price service on the web is reached. */
export interface PriceServiceDoor {
  /** Takes the place of the service's own host; paths stay. */
  readonly baseUrl?: string | undefined
  readonly apiKey?: string | undefined
  readonly timeoutMs: number
}

/** These services count in US dollars, and the rules of the oracle take a dollar for a USDT. */
export const DOLLAR_TOKEN = 'USDT'

export interface JsonRequest<T> {
  readonly service: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly timeoutMs: number
  readonly schema: z.ZodType<T>
}

/** One GET. Rejects with `VenueRefused` for a 4xx other than 429, else with `VenueUnavailable`; headers appear in neither. */
export const getJson = async <T>({ service, url, headers, timeoutMs, schema }: JsonRequest<T>): Promise<T> => {
  const unavailable = (reason: string, until: number | null = null): VenueUnavailable =>
    new VenueUnavailable(`${service}: ${reason}`, until)
  let status: number
  let retryAfter: string | null
  let body: string
  try {
    const signal = AbortSignal.timeout(timeoutMs)
    const response = await fetch(url, { headers: { accept: 'application/json', ...headers }, signal })
    status = response.status
    retryAfter = response.headers.get('retry-after')
    body = await response.text()
  } catch (error) {
    if (error instanceof Error && error.name === 'TimeoutError') throw unavailable(`no answer within ${timeoutMs} ms`)
    throw unavailable(error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error))
  }
  if (status >= 400 && status < 500 && status !== 429) throw new VenueRefused(`${service}: HTTP ${status}`)
  if (status !== 200) throw unavailable(`HTTP ${status}`, timeOf(retryAfter))
  const parsed = schema.safeParse(json(body))
  if (!parsed.success) throw unavailable(`unreadable reply: ${parsed.error.issues[0]?.path.join('.') ?? ''}`)
  return parsed.data
}

/** `Retry-After` in its two forms, as epoch milliseconds. */
const timeOf = (retryAfter: string | null): number | null => {
  if (retryAfter === null) return null
  const time = /^\d+$/.test(retryAfter) ? Date.now() + Number(retryAfter) * 1_000 : Date.parse(retryAfter)
  return Number.isFinite(time) ? time : null
}

const json = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A price as a number or text; null for what is missing, no number or not above zero. */
export const servicePrice = z.unknown().transform((value): Decimal | null => {
  if (typeof value !== 'number' && typeof value !== 'string') return null
  try {
    const price = new Exact(value)
    return price.isFinite() && price.gt(0) ? price : null
  } catch {
    return null
  }
})

/** Prices by pair. Of several coins with one symbol the first counts: services list the largest first. */
export const pricesIn = (
  quote: string,
  coins: Iterable<{ readonly symbol: string; readonly price: Decimal | null }>,
): Map<string, Decimal> => {
  const prices = new Map<string, Decimal>()
  for (const { symbol, price } of coins) {
    const base = symbol.toUpperCase()
    const tradingPair = `${base}-${quote}`
    const isPair = pairTokens(tradingPair) !== undefined && base !== quote
    if (price !== null && isPair && !prices.has(tradingPair)) prices.set(tradingPair, price)
  }
  return prices
}
