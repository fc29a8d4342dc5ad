import { UnknownConnector, VenueRefused, VenueUnavailable } from '@colibri/exchange'
import { badRequest, notFound, unavailable } from '@colibri/service-kit'
import { VenueTooSlow } from './deadline.ts'

/** What another service is told when a venue failed; the transport turns it into an error reply. */
export const rpcFailure = (error: unknown, connectorName: string): unknown => {
  if (error instanceof UnknownConnector) return notFound(error.message)
  if (error instanceof VenueTooSlow) return unavailable(`${connectorName} gave ${error.message}`)
  if (error instanceof VenueUnavailable) return unavailable(error.message)
  if (error instanceof VenueRefused) return badRequest(error.message)
  return error
}
