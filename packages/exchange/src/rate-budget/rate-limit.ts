/** Who goes first when a budget is short: orders and cancels, then reading accounts, then public data. */
export type Priority = 'order' | 'account' | 'data'

/** Higher goes first. */
export const rank: Readonly<Record<Priority, number>> = { order: 2, account: 1, data: 0 }

/** The part of the budget that each may fill. What lies above it is the reserve of those before it. */
export const ceilings: Readonly<Record<Priority, number>> = { order: 1, account: 0.9, data: 0.7 }

/** A venue's budget: in any `windowMs`, requests of at most `windowMs / intervalMs` cost units in sum. */
export interface RateLimit {
  /** Milliseconds of the window that one cost unit takes up. */
  readonly intervalMs: number
  readonly windowMs: number
}

/** What ccxt gives every exchange that names no window of its own: it is no word of the venue. */
const ccxtDefaultWindowMs = 60_000
/** Those that do count in such windows. */
const countsMinutes: readonly string[] = ['binance', 'binanceusdm', 'bitvavo', 'luno']

/** A venue that is paced by an interval is held to a second's worth in any second, or to a few requests in their time. */
const pacedWindowMs = (intervalMs: number): number => Math.max(1_000, 4 * intervalMs)

/** The limit as ccxt describes it: an interval for each cost unit, and a window where the venue counts in windows. */
export const rateLimitOf = (exchange: {
  readonly id: string
  readonly rateLimit: number
  readonly rollingWindowSize?: number
}): RateLimit => {
  const { id, rateLimit: intervalMs, rollingWindowSize: declared = 0 } = exchange
  const inWindows = declared > 0 && (declared !== ccxtDefaultWindowMs || countsMinutes.includes(id))
  return { intervalMs, windowMs: inWindows ? declared : pacedWindowMs(intervalMs) }
}
