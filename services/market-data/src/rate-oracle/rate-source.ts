import type { Decimal } from 'decimal.js'

/** Where rates come from: an exchange or a price service. */
export interface RateSource {
  readonly name: string
  /** How often it is asked. */
  readonly refreshMs: number
  /**
   * Every price it has, quote per base, exact; `quoteToken` is what the user counts in, which some sources need to know.
   * Rejects within a bounded time with `VenueUnavailable` or `VenueRefused`.
   */
  prices(quoteToken: string): Promise<ReadonlyMap<string, Decimal>>
}

/** A source of the contract that cannot be used here is still a valid choice: it has no prices, and says why. */
export type SourceLookup =
  | { readonly kind: 'source'; readonly source: RateSource }
  | { readonly kind: 'unusable'; readonly reason: string }
