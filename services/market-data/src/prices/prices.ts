import type { PublicVenue, Venues } from '@colibri/exchange'
import type { FreshCache } from '../venue-calls/fresh-cache.ts'

export interface LastPrices {
  /** In the order asked; null where the venue does not know the pair. Quote per base, decimal text. */
  readonly prices: ReadonlyMap<string, string | null>
  /** Epoch milliseconds at which the oldest of them was asked. */
  readonly time: number
}

/** Last traded prices of any venue. */
export class Prices {
  constructor(
    private readonly venues: Venues,
    private readonly cache: FreshCache<string | null>,
    private readonly now: () => number,
  ) {}

  /** Rejects with `UnknownConnector`, `VenueUnavailable`, `VenueRefused` or `VenueTooSlow`. */
  async last(connectorName: string, tradingPairs: readonly string[]): Promise<LastPrices> {
    const venue = this.venues.publicVenue(connectorName)
    const pairs = [...new Set(tradingPairs)]
    if (pairs.length === 0) return { prices: new Map(), time: this.now() }
    const prefix = `${connectorName} `
    const dated = await this.cache.readAll(
      pairs.map((pair) => prefix + pair),
      (missing) =>
        askPrices(
          venue,
          missing.map((key) => key.slice(prefix.length)),
        ),
    )
    return {
      prices: new Map(pairs.map((pair, index) => [pair, dated[index]?.value ?? null])),
      time: Math.min(...dated.map(({ time }) => time)),
    }
  }
}

/** Null for the pairs the venue left out. */
const askPrices = async (venue: PublicVenue, pairs: readonly string[]): Promise<readonly (string | null)[]> => {
  const prices = await venue.prices(pairs)
  return pairs.map((pair) => prices.get(pair) ?? null)
}
