import type { Interruption } from '../venue.ts'
import { UnknownConnector, UnknownPair, VenueRefused } from '../venue.ts'

/** The venue's updates do not follow one another. */
export class SequenceGap extends Error {
  override readonly name = 'SequenceGap'
}
/** The price left the range that the snapshot told. */
export class BookOutrun extends Error {
  override readonly name = 'BookOutrun'
}
/** The book is not what the venue says it is. */
export class ChecksumMismatch extends Error {
  override readonly name = 'ChecksumMismatch'
}
/** What came is no message of the venue: whatever it was, it is missing. */
export class UnreadableFrame extends Error {
  override readonly name = 'UnreadableFrame'
}
/** Nothing came where something should have. */
export class NothingCame extends Error {
  override readonly name = 'NothingCame'
}

const namesOf = (error: unknown): string[] => {
  const names: string[] = []
  for (let at: unknown = error; at instanceof Error; at = Object.getPrototypeOf(at)) names.push(at.constructor.name)
  return names
}

/** ccxt calls a gap in these venues' numbering a checksum error too. */
const numbered = /^(binance|gate)/

/** What a failed stream means: an end that no reconnection heals, a lack of the exchange, or a pause. */
export type StreamFailure =
  | { readonly kind: 'fatal'; readonly error: Error }
  | { readonly kind: 'unsupported' }
  | {
      readonly kind: 'interrupted'
      readonly reason: Interruption
      readonly error: unknown
      /** `lost`: its subscriptions are gone with the connection. */
      readonly connection: 'lost' | 'stands'
    }

const lost = ['NetworkError', 'UnreadableFrame', 'ExchangeClosedByUser', 'VenueUnavailable']

export const streamFailure = (exchangeId: string, connectorName: string, error: unknown): StreamFailure => {
  if (error instanceof UnknownPair || error instanceof VenueRefused || error instanceof UnknownConnector) {
    return { kind: 'fatal', error }
  }
  const names = namesOf(error)
  const has = (...wanted: readonly string[]): boolean => wanted.some((name) => names.includes(name))
  const text = error instanceof Error ? error.message : String(error)
  if (has('NotSupported')) return { kind: 'unsupported' }
  if (has('BadSymbol')) return { kind: 'fatal', error: new UnknownPair(`${connectorName}: ${text}`) }
  if (has('BadRequest', 'ArgumentsRequired', 'AuthenticationError', 'PermissionDenied')) {
    return { kind: 'fatal', error: new VenueRefused(`${connectorName}: ${text}`) }
  }
  const connection = has(...lost) ? 'lost' : 'stands'
  const interrupted = (reason: Interruption): StreamFailure => ({ kind: 'interrupted', reason, error, connection })
  if (has('ChecksumMismatch')) return interrupted('checksum')
  if (has('ChecksumError')) return interrupted(numbered.test(exchangeId) ? 'sequence-gap' : 'checksum')
  if (has('SequenceGap', 'BookOutrun', 'InvalidNonce') || /nonce is behind/.test(text))
    return interrupted('sequence-gap')
  return interrupted('disconnected')
}
