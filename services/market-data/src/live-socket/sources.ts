import type { LiveCandles } from '../candles/live-candles.ts'
import type { FeedBook, Feeds } from '../feeds/feed.ts'
import { candlesSource } from './candles-source.ts'
import type { Subscription } from './command.ts'
import { levels, rates, top } from './render.ts'
import type { Cursor, Source, SourceLimits } from './source.ts'
import { stateSource } from './state-source.ts'
import { tradesSource } from './trades-source.ts'

export interface SourcesDeps {
  readonly feeds: Feeds
  readonly candles: LiveCandles
  /** Rejects with `UnknownPair` when the venue is known not to have the pair. */
  readonly checkPair: (connectorName: string, tradingPair: string) => Promise<void>
  readonly limits: SourceLimits
}

/** One subscriber's place at a source. */
export interface Lease {
  readonly cursor: Cursor
  /** As of the source. */
  readonly ended: Promise<Error | undefined>
  release(): void
}

export interface Sources {
  /** Resolves when the source has something to tell. Rejects with what the client is to be told. */
  open(subscription: Subscription): Promise<Lease>
}

/** A source opens with its first subscriber and closes with its last. */
interface Shared<Wish> {
  readonly source: Source<Wish>
  holders: number
}

const createShelf = <Wish>() => {
  const shelf = new Map<string, Shared<Wish>>()
  return async (key: string, make: () => Source<Wish>, wish: Wish, resumeFrom: number | undefined): Promise<Lease> => {
    const shared = shelf.get(key) ?? { source: make(), holders: 0 }
    shelf.set(key, shared)
    shared.holders++
    let held = true
    const release = (): void => {
      if (!held) return
      held = false
      shared.holders--
      if (shared.holders > 0) return
      shelf.delete(key)
      shared.source.close()
    }
    try {
      await shared.source.ready()
      if (resumeFrom !== undefined) await shared.source.caughtUp(resumeFrom)
      return { cursor: shared.source.cursor(wish, resumeFrom), ended: shared.source.ended, release }
    } catch (error) {
      release()
      throw error
    }
  }
}

/** All sources of this replica. */
export const createSources = ({ feeds, candles, checkPair, limits }: SourcesDeps): Sources => {
  const books = createShelf<number>()
  const others = createShelf<null>()
  return {
    open: async (subscription) => {
      const { type, connectorName, tradingPair, resumeFrom } = subscription
      const key = { connectorName, tradingPair }
      switch (subscription.type) {
        case 'order_book': {
          const make = () =>
            stateSource<FeedBook, number>(feeds.open({ kind: 'book', ...key }), { type, render: levels }, limits)
          return books(subscription.id, make, subscription.depth, resumeFrom)
        }
        case 'ticker': {
          const make = () => stateSource(feeds.open({ kind: 'ticker', ...key }), { type, render: top }, limits)
          return others(subscription.id, make, null, resumeFrom)
        }
        case 'funding': {
          const make = () => stateSource(feeds.open({ kind: 'funding', ...key }), { type, render: rates }, limits)
          return others(subscription.id, make, null, resumeFrom)
        }
        case 'trades': {
          const check = () => checkPair(connectorName, tradingPair)
          const make = () => tradesSource(feeds.open({ kind: 'trades', ...key }), { check, limits })
          return others(subscription.id, make, null, resumeFrom)
        }
        case 'candles': {
          const { interval, rows, id } = subscription
          const make = () => candlesSource(candles.open(connectorName, tradingPair, interval, rows), limits.readyMs)
          return others(`${id} ${rows}`, make, null, resumeFrom)
        }
      }
    },
  }
}
