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

/** Where a venue is paced by an interval alone, it is held to one second's worth in any second. */
const shortestWindowMs = 1_000

/** The limit as ccxt describes it: an interval per cost unit, and a window where the venue counts in windows. */
export const rateLimitOf = (exchange: {
  readonly rateLimit: number
  readonly rollingWindowSize?: number
}): RateLimit => ({
  intervalMs: exchange.rateLimit,
  windowMs: exchange.rollingWindowSize || Math.max(shortestWindowMs, exchange.rateLimit),
})
