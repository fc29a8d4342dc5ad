import type { OrderBook, Venues } from '@colibri/exchange'
import type { FreshCache } from '../venue-calls/fresh-cache.ts'

/** Depths venues are asked for: close requests share one answer, and every venue accepts these. */
const DEPTHS = [20, 50, 100, 500, 1000] as const

/** Snapshots of order books of any venue. */
export class OrderBooks {
  constructor(
    private readonly venues: Venues,
    private readonly cache: FreshCache<OrderBook>,
  ) {}

  /** The best `depth` levels of each side. Rejects with `UnknownConnector`, `UnknownPair` or a failure of the venue. */
  async snapshot(connectorName: string, tradingPair: string, depth: number): Promise<OrderBook> {
    const venue = this.venues.publicVenue(connectorName)
    const asked = DEPTHS.find((each) => each >= depth) ?? 1000
    const { value } = await this.cache.read(`${connectorName} ${asked} ${tradingPair}`, () =>
      venue.orderBook(tradingPair, asked),
    )
    return { ...value, bids: value.bids.slice(0, depth), asks: value.asks.slice(0, depth) }
  }
}
