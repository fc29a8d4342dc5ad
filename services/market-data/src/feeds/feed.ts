import type { BookLevel, Candle, FundingInfo, PublicTrade, Ticker } from '@colibri/exchange'

/** Which stream of which venue. Candles differ by interval. */
export type FeedKey =
  | {
      readonly kind: 'book' | 'trades' | 'ticker' | 'funding'
      readonly connectorName: string
      readonly tradingPair: string
    }
  | {
      readonly kind: 'candles'
      readonly connectorName: string
      readonly tradingPair: string
      readonly interval: string
    }

/** A copy of a book's best levels, best first. */
export interface FeedBook {
  readonly updateId: number
  readonly bids: readonly BookLevel[]
  readonly asks: readonly BookLevel[]
}

/** What a feed of each kind carries. `trades` and `candles` carry what is new or changed, oldest first; the rest the whole state. */
export interface FeedValues {
  readonly book: FeedBook
  readonly trades: readonly PublicTrade[]
  readonly ticker: Ticker
  readonly funding: FundingInfo
  readonly candles: readonly Candle[]
}

export interface FeedUpdate<T> {
  /** Grows with every update of the feed, also when another replica takes it over. */
  readonly sequence: number
  /** Epoch milliseconds at which the owner had it. */
  readonly time: number
  readonly value: T
}

/** `connecting` until the first data; `stale` while the upstream is interrupted. */
export type FeedState = 'connecting' | 'live' | 'stale'

/** One holder's hand on a feed that all holders share, whether this replica owns it or listens to the owner. */
export interface OpenFeed<T> {
  readonly key: FeedKey
  state(): FeedState
  latest(): FeedUpdate<T> | undefined
  /** The newest update as soon as there is one. Rejects with `UnknownPair`, a venue's error, or `FeedNotReady`. */
  ready(timeoutMs: number): Promise<FeedUpdate<T>>
  /** Updates after `sequence`, oldest first; undefined when some of them are no longer kept. */
  since(sequence: number): readonly FeedUpdate<T>[] | undefined
  /** Calls back on every update until the returned function is called. The listener must not throw. */
  onUpdate(listener: (update: FeedUpdate<T>) => void): () => void
  /** Lets go. A feed that nobody holds and nobody has asked for lives on for `MARKET_DATA_FEED_TIMEOUT`. */
  close(): void
}

/** The feeds of all venues, opened on first use. */
export interface Feeds {
  /** Throws `UnknownConnector`, or `UnknownPair` for what can be no pair at all. */
  open<K extends FeedKey>(key: K): OpenFeed<FeedValues[K['kind']]>
}

/** Nothing came from the venue in time. */
export class FeedNotReady extends Error {
  override readonly name = 'FeedNotReady'
}
