/** How a venue stands to us, as all replicas know it: open, or refusing everybody until a time. Pure. */
import { z } from 'zod'

export const venueStanding = z.object({
  kind: z.enum(['open', 'throttled', 'banned']),
  /** Epoch milliseconds: the end of the pause, or of the last one while it is open. */
  until: z.number(),
  /** Refusals in a row: each makes a pause that the venue names no end for longer. */
  strikes: z.number().int().nonnegative(),
})
export type VenueStanding = Readonly<z.infer<typeof venueStanding>>
export const openStanding: VenueStanding = { kind: 'open', until: 0, strikes: 0 }

export interface Refusal {
  readonly kind: 'throttled' | 'banned'
  /** Epoch milliseconds at which the venue said the pause ends; null when it did not say. */
  readonly until: number | null
}

const secondMs = 1_000
const minuteMs = 60 * secondMs
const hourMs = 60 * minuteMs

/** First, longest assumed and longest believed pause. Binance bans for two minutes to three days. */
const pauses = {
  throttled: { firstMs: secondMs, longestMs: 5 * minuteMs, believedMs: 24 * hourMs },
  banned: { firstMs: 2 * minuteMs, longestMs: 72 * hourMs, believedMs: 7 * 24 * hourMs },
} as const

/** A venue that was quiet for this long after its last pause starts anew. */
const forgivenMs = 10 * minuteMs

/** When the pause ends: as the venue says, never sooner than now; else twice as long as the time before. */
const endOf = ({ kind, until }: Refusal, strikes: number, now: number): number => {
  const { firstMs, longestMs, believedMs } = pauses[kind]
  if (until !== null && until > now) return Math.ceil(Math.min(until, now + believedMs))
  return Math.ceil(now) + Math.min(longestMs, firstMs * 2 ** Math.min(strikes - 1, 30))
}

/** A pause in force. */
export const isPaused = (standing: VenueStanding, now: number): boolean =>
  standing.kind !== 'open' && now < standing.until

/**
 * The standing after a refusal. Replies to requests that were under way when the pause began change nothing, unless
 * they make it a ban or name a later end.
 */
export const afterRefusal = (standing: VenueStanding, refusal: Refusal, now: number): VenueStanding => {
  if (isPaused(standing, now)) {
    const worse = standing.kind === 'throttled' && refusal.kind === 'banned'
    if (standing.kind === 'banned' && refusal.kind === 'throttled') return standing
    const later = refusal.until !== null && refusal.until > standing.until + secondMs
    if (!worse && !later) return standing
    const strikes = worse ? 1 : standing.strikes
    return { kind: refusal.kind, until: Math.max(standing.until, endOf(refusal, strikes, now)), strikes }
  }
  const before = standing.kind !== 'open' || now < standing.until + forgivenMs ? standing.strikes : 0
  const strikes = before + 1
  return { kind: refusal.kind, until: endOf(refusal, strikes, now), strikes }
}

/** The standing after the venue answered a request of its own accord once the pause was over. */
export const afterAnswer = (standing: VenueStanding, now: number): VenueStanding =>
  standing.kind === 'open' || isPaused(standing, now) ? standing : { ...standing, kind: 'open', until: now }
