import type { OrderBook, Venues } from '@colibri/exchange'
import { type FeedBook, FeedNotReady } from '../feeds/feed.ts'
import type { FeedService } from '../feeds/feeds.ts'
import { BOOK_LEVELS } from '../feeds/upstream.ts'
import type { FreshCache } from '../venue-calls/fresh-cache.ts'
import { liveUpdate } from '../venue-calls/live-update.ts'

/** Depths venues are asked for: close requests share one answer, and every venue accepts these. */
const DEPTHS = [20, 50, 100, 500, 1000] as const

/** As deep as a book can be read at no cost. */
export const NEAR = BOOK_LEVELS

/** As deep as a book is ever read. */
export const DEEPEST = 1000

/** How long the owner of a live book may take to read it deeper than its updates go. */
const DEEP_READ_MS = 1_000

/**
 * Order books of any venue: the live one where its feed is live, else a snapshot. The first snapshot of a pair opens its
 * feed, so a pair that the venue does not know never has one.
 */
export class OrderBooks {
  readonly #known = new Set<string>()

  constructor(
    private readonly venues: Venues,
    private readonly cache: FreshCache<OrderBook>,
    private readonly feeds: Pick<FeedService, 'open' | 'book'>,
  ) {}

  /** The best `depth` levels of each side. Rejects with `UnknownConnector`, `UnknownPair` or a failure of the venue. */
  async best(connectorName: string, tradingPair: string, depth: number): Promise<OrderBook> {
    const live = await this.#live(connectorName, tradingPair, depth)
    return live ?? this.#snapshot(connectorName, tradingPair, depth)
  }

  async #live(connectorName: string, tradingPair: string, depth: number): Promise<OrderBook | undefined> {
    if (!this.#known.has(`${connectorName} ${tradingPair}`)) return undefined
    const update = liveUpdate(this.feeds, { kind: 'book', connectorName, tradingPair })
    if (update === undefined) return undefined
    if (depth <= BOOK_LEVELS) return bookOf(tradingPair, update.value, update.time, depth)
    try {
      const deep = await this.feeds.book(connectorName, tradingPair, depth, DEEP_READ_MS)
      return bookOf(tradingPair, deep, deep.time, depth)
    } catch (error) {
      // Interrupted since: the venue is asked instead.
      if (error instanceof FeedNotReady) return undefined
      throw error
    }
  }

  async #snapshot(connectorName: string, tradingPair: string, depth: number): Promise<OrderBook> {
    const venue = this.venues.publicVenue(connectorName)
    const asked = DEPTHS.find((each) => each >= depth) ?? DEEPEST
    const { value } = await this.cache.read(`${connectorName} ${asked} ${tradingPair}`, () =>
      venue.orderBook(tradingPair, asked),
    )
    this.#known.add(`${connectorName} ${tradingPair}`)
    liveUpdate(this.feeds, { kind: 'book', connectorName, tradingPair })
    return bookOf(tradingPair, value, value.time, depth)
  }
}

const bookOf = (
  tradingPair: string,
  { bids, asks }: Pick<FeedBook, 'bids' | 'asks'>,
  time: number,
  depth: number,
): OrderBook => ({ tradingPair, bids: bids.slice(0, depth), asks: asks.slice(0, depth), time })
