import type { PublicVenue, Venues } from '@colibri/exchange'
import type { FreshCache } from '../venue-calls/fresh-cache.ts'
import type { LivePrices } from './live-prices.ts'

export interface LastPrices {
  /** In the order asked; null where the venue does not know the pair. Quote per base, decimal text. */
  readonly prices: ReadonlyMap<string, string | null>
  /** Epoch milliseconds at which the oldest of them was asked. */
  readonly time: number
}

/** Longer lists are one call of a venue, and no reason to open as many streams. */
const FEW = 20

/** Last traded prices of any venue: from live tickers where they are open, else by asking. */
export class Prices {
  constructor(
    private readonly venues: Venues,
    private readonly cache: FreshCache<string | null>,
    private readonly live: LivePrices,
    private readonly now: () => number,
  ) {}

  /** Rejects with `UnknownConnector`, `VenueUnavailable`, `VenueRefused` or `VenueTooSlow`. */
  async last(connectorName: string, tradingPairs: readonly string[]): Promise<LastPrices> {
    const venue = this.venues.publicVenue(connectorName)
    const time = this.now()
    const prices = new Map<string, string | null>()
    for (const pair of tradingPairs) prices.set(pair, this.live.last(connectorName, pair) ?? null)
    const missing = [...prices].filter(([, price]) => price === null).map(([pair]) => pair)
    if (missing.length === 0) return { prices, time }

    const prefix = `${connectorName} `
    const dated = await this.cache.readAll(
      missing.map((pair) => prefix + pair),
      (keys) =>
        askPrices(
          venue,
          keys.map((key) => key.slice(prefix.length)),
        ),
    )
    missing.forEach((pair, index) => {
      const price = dated[index]?.value ?? null
      prices.set(pair, price)
      if (price !== null && prices.size <= FEW) this.live.follow(connectorName, pair)
    })
    return { prices, time: Math.min(time, ...dated.map((each) => each.time)) }
  }
}

/** Null for the pairs the venue left out. */
const askPrices = async (venue: PublicVenue, pairs: readonly string[]): Promise<readonly (string | null)[]> => {
  const prices = await venue.prices(pairs)
  return pairs.map((pair) => prices.get(pair) ?? null)
}
