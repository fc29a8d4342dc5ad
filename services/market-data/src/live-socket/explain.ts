import { UnknownConnector, UnknownPair, VenueRefused, VenueUnavailable } from '@colibri/exchange'
import { ApiError } from '@colibri/service-kit'
import { FeedNotReady } from '../feeds/feed.ts'
import { VenueTooSlow } from '../venue-calls/deadline.ts'

/** A request that can never be served; the message is the client's. */
export class NotServed extends Error {
  override readonly name = 'NotServed'
}

const reasons = [ApiError, UnknownPair, VenueRefused, VenueUnavailable, VenueTooSlow, FeedNotReady]

/** What a client is told of a feed it cannot have. `report` hears of what it was not told. */
export const explain =
  (report: (error: unknown) => void) =>
  (error: unknown): string => {
    if (error instanceof NotServed || error instanceof UnknownConnector) return error.message
    if (error instanceof ApiError && error.status === 400) return error.message
    if (error instanceof Error && reasons.some((reason) => error instanceof reason))
      return `Failed to start feed: ${error.message}`
    report(error)
    return 'Failed to start feed: Internal error'
  }
