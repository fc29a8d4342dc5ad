import { VenueRefused, VenueUnavailable } from '@colibri/exchange'
import { ApiError } from '@colibri/service-kit'
import { VenueTooSlow } from './deadline.ts'

/**
 * What a client is told when a venue failed: 504 when it did not answer in time, 503 when it could not be reached, 500
 * with its own words when it refused. `text` puts the words into the route's form. Anything else is passed on.
 */
export const venueFailure = (
  error: unknown,
  connectorName: string,
  text: (reason: string) => string = (reason) => reason,
): unknown => {
  if (error instanceof VenueTooSlow) return new ApiError(504, text(`${connectorName} gave ${error.message}`))
  if (error instanceof VenueUnavailable) return new ApiError(503, text(error.message))
  if (error instanceof VenueRefused) return new ApiError(500, text(error.message))
  return error
}
