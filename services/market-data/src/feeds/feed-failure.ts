import type { MarketMessage } from '@colibri/contracts'
import { UnknownPair, VenueRefused, VenueUnavailable } from '@colibri/exchange'

/** Why a feed cannot be, as it travels. */
export type FailureText = Pick<Extract<MarketMessage, { readonly type: 'failed' }>, 'kind' | 'message'>

export const failureText = (error: Error): FailureText => {
  const kind = error instanceof UnknownPair ? 'unknown-pair' : error instanceof VenueRefused ? 'refused' : 'unavailable'
  return { kind, message: error.message }
}

export const failureOf = ({ kind, message }: FailureText): Error => {
  switch (kind) {
    case 'unknown-pair':
      return new UnknownPair(message)
    case 'refused':
      return new VenueRefused(message)
    case 'unavailable':
      return new VenueUnavailable(message)
  }
}
