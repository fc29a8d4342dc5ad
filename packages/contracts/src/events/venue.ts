import { z } from 'zod'
import type { EventOf } from './event-of.ts'

/** A venue's host, and the address of ours that it sees: what it counts requests by. */
const place = { host: z.string(), address: z.string() }
const pause = {
  ...place,
  /** Epoch milliseconds at which requests may be tried again. */
  until: z.number().int(),
  /** Refusals in a row, this one included. */
  strikes: z.number().int().positive(),
}

export const venueEvents = {
  /** The venue refused a request for going too fast (429): nothing is sent to it until then. */
  VenueThrottled: z.object(pause),
  /** The venue banned the address (418): nothing is sent to it until then. */
  VenueBanned: z.object(pause),
  /** The venue answers again after a pause or a ban. */
  VenueRecovered: z.object(place),
} as const

export type VenueEvent = EventOf<typeof venueEvents>

/** The stream of one venue's standing towards one address. */
export const venueStream = (host: string, address: string): string => `venue-${host}_${address}`
