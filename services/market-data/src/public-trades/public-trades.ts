import type { PublicTrade, Venues } from '@colibri/exchange'
import type { FreshCache } from '../venue-calls/fresh-cache.ts'

/** Counts venues are asked for: close requests share one answer. */
const COUNTS = [100, 500, 1000] as const

/** The newest public trades of any venue. */
export class PublicTrades {
  constructor(
    private readonly venues: Venues,
    private readonly cache: FreshCache<readonly PublicTrade[]>,
  ) {}

  /** At most `limit`, oldest first. Rejects with `UnknownConnector`, `UnknownPair` or a failure of the venue. */
  async newest(connectorName: string, tradingPair: string, limit: number): Promise<readonly PublicTrade[]> {
    const venue = this.venues.publicVenue(connectorName)
    const asked = COUNTS.find((each) => each >= limit) ?? 1000
    const { value } = await this.cache.read(`${connectorName} ${asked} ${tradingPair}`, () =>
      venue.trades(tradingPair, asked),
    )
    return value.slice(-limit)
  }
}
