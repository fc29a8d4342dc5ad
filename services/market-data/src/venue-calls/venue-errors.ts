import { UnknownConnector, UnknownPair, VenueRefused, VenueUnavailable } from '@colibri/exchange'
import { ApiError, badRequest, notFound } from '@colibri/service-kit'
import { FeedNotReady } from '../feeds/feed.ts'
import { VenueTooSlow } from './deadline.ts'

/**
 * What a client is told when a venue failed: 404 for what does not exist, 400 with the venue's own words when it refused,
 * 504 when it did not answer in time, 503 when it could not be reached. `text` puts the words into the route's form.
 * Anything else is passed on.
 */
export const venueFailure = (
  error: unknown,
  connectorName: string,
  text: (reason: string) => string = (reason) => reason,
): unknown => {
  if (error instanceof UnknownConnector || error instanceof UnknownPair) return notFound(text(error.message))
  if (error instanceof VenueRefused) return badRequest(text(error.message))
  if (error instanceof VenueTooSlow) return new ApiError(504, text(`${connectorName} gave ${error.message}`))
  if (error instanceof FeedNotReady) return new ApiError(504, text(error.message))
  if (error instanceof VenueUnavailable) return new ApiError(503, text(error.message))
  return error
}

/** The same for a route about one pair, whose name the contract puts into quotes. */
export const pairFailure = (error: unknown, connectorName: string, tradingPair: string): unknown =>
  error instanceof UnknownPair ? pairNotFound(connectorName, tradingPair) : venueFailure(error, connectorName)

export const pairNotFound = (connectorName: string, tradingPair: string): ApiError =>
  notFound(`Trading pair '${tradingPair}' not found on ${connectorName}`)
