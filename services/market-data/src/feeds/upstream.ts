import type { BookView, Candle, Interruption, LiveVenue, StreamItem } from '@colibri/exchange'
import type { FeedBook, FeedKey, FeedValues } from './feed.ts'
import type { FeedKind } from './feed-key.ts'
import { paced } from './pace.ts'

/** Levels of each side that an update of a book holds; deeper ones are read from the owner. */
export const BOOK_LEVELS = 100

/** A feed is published at most this often; what comes in between travels together. */
const UPDATE_GAP_MS = 50

export interface UpstreamEvents<T> {
  update(value: T): void
  interrupted(reason: Interruption, error: unknown): void
}

/** One stream of a venue, running until it is stopped. */
export interface Upstream<T> {
  /** Rejects with what no reconnection can heal. */
  readonly ended: Promise<void>
  /** The whole state as it is now, a book with `levels` of each side; undefined while it is not known. */
  read(levels: number): T | undefined
  stop(): void
}

export type OpenUpstream<T> = (venue: LiveVenue, key: FeedKey, events: UpstreamEvents<T>) => Upstream<T>

interface Kind<Raw, Pending, T> {
  stream(venue: LiveVenue, key: FeedKey, signal: AbortSignal): AsyncIterable<StreamItem<Raw>>
  /** Joins what came to what waits for its turn. */
  add(pending: Pending | undefined, raw: Raw): Pending
  value(pending: Pending, levels: number): T
  /** What waits when the stream breaks: parts stay true, a state may be wrong already. */
  readonly onInterruption: 'publish' | 'discard'
}

const upstreamOf =
  <Raw, Pending, T>(kind: Kind<Raw, Pending, T>): OpenUpstream<T> =>
  (venue, key, events) => {
    const stop = new AbortController()
    let pending: Pending | undefined
    let current: Pending | undefined
    const publish = paced(UPDATE_GAP_MS, () => {
      if (pending === undefined) return
      const value = kind.value(pending, BOOK_LEVELS)
      pending = undefined
      events.update(value)
    })
    const run = async (): Promise<void> => {
      try {
        for await (const item of kind.stream(venue, key, stop.signal)) {
          if (stop.signal.aborted) return
          if (item.kind === 'data') {
            pending = kind.add(pending, item.value)
            current = pending
            publish.call()
          } else {
            if (kind.onInterruption === 'publish') publish.flush()
            publish.cancel()
            pending = undefined
            current = undefined
            events.interrupted(item.reason, item.error)
          }
        }
      } finally {
        publish.cancel()
        current = undefined
      }
    }
    return {
      ended: run(),
      read: (levels) => (current === undefined ? undefined : kind.value(current, levels)),
      stop: () => {
        publish.cancel()
        pending = undefined
        stop.abort()
      },
    }
  }

const copyOf = (view: BookView, levels: number): FeedBook => ({
  updateId: view.updateId,
  bids: view.side('bids', levels),
  asks: view.side('asks', levels),
})

/** The newest row of each open time, oldest first. */
const newestRows = (pending: Map<number, Candle> | undefined, rows: readonly Candle[]): Map<number, Candle> => {
  const merged = pending ?? new Map<number, Candle>()
  for (const row of rows) merged.set(row.time, row)
  return merged
}

const newest = <T>(_: T | undefined, value: T): T => value
const itself = <T>(value: T): T => value

/** How a feed of each kind is read from its venue and put into updates. */
export const upstreams: { readonly [K in FeedKind]: OpenUpstream<FeedValues[K]> } = {
  book: upstreamOf({
    stream: (venue, { tradingPair }, signal) => venue.book(tradingPair, signal),
    add: newest<BookView>,
    value: copyOf,
    onInterruption: 'discard',
  }),
  trades: upstreamOf({
    stream: (venue, { tradingPair }, signal) => venue.trades(tradingPair, signal),
    add: (pending: FeedValues['trades'] | undefined, trades: FeedValues['trades']) =>
      pending === undefined ? trades : [...pending, ...trades],
    value: itself,
    onInterruption: 'publish',
  }),
  ticker: upstreamOf({
    stream: (venue, { tradingPair }, signal) => venue.ticker(tradingPair, signal),
    add: newest<FeedValues['ticker']>,
    value: itself,
    onInterruption: 'discard',
  }),
  funding: upstreamOf({
    stream: (venue, { tradingPair }, signal) => venue.funding(tradingPair, signal),
    add: newest<FeedValues['funding']>,
    value: itself,
    onInterruption: 'discard',
  }),
  candles: upstreamOf({
    stream: (venue, key, signal) => venue.candles(key.tradingPair, key.kind === 'candles' ? key.interval : '', signal),
    add: newestRows,
    value: (rows: Map<number, Candle>) => [...rows.values()].sort((one, other) => one.time - other.time),
    onInterruption: 'publish',
  }),
}
