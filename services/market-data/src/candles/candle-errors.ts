import { UnknownConnector, UnknownPair, VenueRefused, VenueUnavailable } from '@colibri/exchange'
import { ApiError, badRequest, notFound } from '@colibri/service-kit'
import { FeedNotReady } from '../feeds/feed.ts'
import { VenueTooSlow } from '../venue-calls/deadline.ts'
import { rpcFailure } from '../venue-calls/rpc-errors.ts'
import { venueFailure } from '../venue-calls/venue-errors.ts'
import { CandlesMissing } from './candle-history.ts'
import { rangesText } from './candle-range.ts'
import type { SeriesKey } from './stored-candles.ts'

/** What a client is told when the newest candles cannot be had. */
export const candleFailure = (error: unknown, { connectorName, tradingPair }: SeriesKey, waitMs: number): unknown => {
  if (error instanceof UnknownPair || error instanceof VenueRefused)
    return badRequest(`Trading pair '${tradingPair}' appears to be invalid on '${connectorName}': ${error.message}`)
  if (isTooSlow(error)) return notReady(connectorName, tradingPair, waitMs)
  return venueFailure(error, connectorName)
}

/** What a client is told when candles of the past cannot be had: why, and which are stored. */
export const historyFailure = (error: unknown, key: SeriesKey, waitMs: number): unknown => {
  if (!(error instanceof CandlesMissing)) return candleFailure(error, key, waitMs)
  const { cause } = error
  if (cause instanceof UnknownConnector) return badRequest(`${cause.message}${storedText(error)}`)
  const failure = candleFailure(cause, key, waitMs)
  return failure instanceof ApiError ? new ApiError(failure.status, `${failure.message}${storedText(error)}`) : failure
}

/** The same for another service. */
export const historyRpcFailure = (error: unknown, { connectorName, tradingPair, interval }: SeriesKey): unknown => {
  if (!(error instanceof CandlesMissing)) return rpcFailure(error, connectorName)
  const { cause } = error
  const reason = cause instanceof Error ? cause.message : 'the venue failed'
  const text =
    `${interval} candles of ${tradingPair} on ${connectorName} are missing for ${rangesText(error.missing)}: ${reason}` +
    (error.stored.length === 0 ? '. Nothing is stored.' : storedText(error))
  if (cause instanceof VenueUnavailable || isTooSlow(cause))
    return error.stored.length === 0 ? new ApiError(503, text) : badRequest(text)
  if (cause instanceof UnknownConnector) return error.stored.length === 0 ? notFound(text) : badRequest(text)
  if (cause instanceof UnknownPair || cause instanceof VenueRefused) return badRequest(text)
  return cause
}

const isTooSlow = (error: unknown): boolean => error instanceof VenueTooSlow || error instanceof FeedNotReady

const notReady = (connectorName: string, tradingPair: string, waitMs: number): ApiError =>
  new ApiError(
    504,
    `Candle feed for ${connectorName} ${tradingPair} did not become ready within ${waitMs / 1000}s. ` +
      'The trading pair may not exist on this exchange.',
  )

const storedText = ({ stored }: CandlesMissing): string =>
  stored.length === 0 ? '' : `. Stored: ${rangesText(stored)} (ends are not included)`
