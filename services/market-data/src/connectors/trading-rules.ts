import { connectorOf, type VenueRule, type Venues } from '@colibri/exchange'
import type { Dated, FreshCache } from '../venue-calls/fresh-cache.ts'

/** Trading rules and order types of any venue. */
export class TradingRules {
  constructor(
    private readonly venues: Venues,
    private readonly cache: FreshCache<readonly VenueRule[]>,
    readonly now: () => number,
  ) {}

  connectorNames(): readonly string[] {
    return this.venues.connectorNames()
  }

  /** All rules and when the venue said them. Rejects with `UnknownConnector` or a failure of the venue. */
  async all(connectorName: string): Promise<Dated<readonly VenueRule[]>> {
    const venue = this.venues.publicVenue(connectorName)
    return this.cache.read(connectorName, () => venue.tradingRules())
  }

  /** In the order the contract lists them. Throws `UnknownConnector`. */
  orderTypes(connectorName: string): readonly string[] {
    return connectorOf(connectorName).orderTypes
  }
}
