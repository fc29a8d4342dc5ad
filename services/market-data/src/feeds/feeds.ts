import type { LiveVenue } from '@colibri/exchange'
import type { ServiceKit } from '@colibri/service-kit'
import type { FeedBook, FeedKey, FeedState, Feeds, FeedValues, OpenFeed } from './feed.ts'
import { FeedNotReady } from './feed.ts'
import { type FeedKind, feedId } from './feed-key.ts'
import type { FeedMetrics } from './feed-metrics.ts'
import { OwnedFeed } from './owned-feed.ts'
import { SharedFeed } from './shared-feed.ts'
import { upstreams } from './upstream.ts'

/** Providers and controllers get the feeds by `@Inject(FEEDS)`. */
export const FEEDS = Symbol('feeds')

/** Updates kept for those who resume. */
const KEPT: Readonly<Record<FeedKind, number>> = { book: 20, trades: 500, ticker: 100, funding: 100, candles: 500 }

/** A venue that refused is asked again after this time, if somebody still wants the feed. */
const RETRY_MS = 10_000

export interface FeedsOptions {
  /** Shared: one per connector. Throws `UnknownConnector`. */
  readonly liveVenue: (connectorName: string) => LiveVenue
  /** A feed that nobody uses is dropped after this time, … */
  readonly feedTimeoutMs: number
  /** … which is looked at this often. */
  readonly cleanupIntervalMs: number
  readonly logger: ServiceKit<unknown>['logger']
  readonly metrics: FeedMetrics
  readonly now: () => number
}

/** One feed as this replica sees it. */
export interface FeedStatus {
  readonly key: FeedKey
  readonly state: FeedState
  readonly holders: number
  /** Epoch milliseconds. */
  readonly lastAccess: number
  /** Epoch milliseconds of the newest update. */
  readonly updated: number | null
}

export interface BookReading extends FeedBook {
  readonly sequence: number
  /** Epoch milliseconds. */
  readonly time: number
}

export interface FeedService extends Feeds {
  /**
   * The best `depth` levels of a live book as they are now, opened on first use. Rejects with `UnknownConnector`,
   * `UnknownPair`, a venue's error, or `FeedNotReady` when it is not live within `timeoutMs`.
   */
  book(connectorName: string, tradingPair: string, depth: number, timeoutMs: number): Promise<BookReading>
  status(): readonly FeedStatus[]
  stop(): Promise<void>
}

interface Entry<T> {
  readonly shared: SharedFeed<T>
  owned: OwnedFeed<T> | undefined
  retry: { readonly at: number; readonly timer: NodeJS.Timeout } | undefined
}

type Entries = { readonly [K in FeedKind]: Map<string, Entry<FeedValues[K]>> }

export const createFeeds = (options: FeedsOptions): FeedService => {
  const { logger, metrics, now } = options
  const entries: Entries = {
    book: new Map(),
    trades: new Map(),
    ticker: new Map(),
    funding: new Map(),
    candles: new Map(),
  }
  const all = () => Object.values(entries).flatMap((map) => [...map.values()])

  const find = <K extends FeedKey>(key: K): Entry<FeedValues[K['kind']]> => {
    const kind: K['kind'] = key.kind
    const map: Map<string, Entry<FeedValues[K['kind']]>> = entries[kind]
    const id = feedId(key)
    const known = map.get(id)
    if (known !== undefined) return known
    const venue = options.liveVenue(key.connectorName)

    const again = (): void => {
      if (entry.retry === undefined || now() < entry.retry.at) return
      clearTimeout(entry.retry.timer)
      entry.retry = undefined
      shared.clearFailure()
      entry.owned?.restart()
    }
    const shared: SharedFeed<FeedValues[K['kind']]> = new SharedFeed({
      key,
      kept: KEPT[kind],
      now,
      asked: again,
      released: () => {
        if (shared.failure !== undefined) drop()
      },
      report: (error) => logger.error({ err: error, feed: id }, 'a listener of a feed failed'),
    })
    const entry: Entry<FeedValues[K['kind']]> = { shared, owned: undefined, retry: undefined }
    const drop = (): void => {
      clearTimeout(entry.retry?.timer)
      entry.owned?.stop()
      map.delete(id)
    }
    map.set(id, entry)
    entry.owned = new OwnedFeed({
      key,
      venue,
      open: upstreams[kind],
      firstSequence: 1,
      previousSequence: 0,
      now,
      events: {
        update: (update, previous) => {
          metrics.update(key)
          shared.accept(update, previous)
        },
        interrupted: (reason, error) => {
          metrics.interruption(key, reason)
          logger.warn({ err: error, feed: id, reason }, 'a feed was interrupted')
          shared.interrupted()
        },
        failed: (error) => {
          metrics.interruption(key, 'refused')
          logger.warn({ err: error, feed: id }, 'a venue refused a feed')
          shared.fail(error)
          if (shared.holders === 0) drop()
          else entry.retry = { at: now() + RETRY_MS, timer: setTimeout(again, RETRY_MS) }
        },
      },
    })
    return entry
  }

  const dropUnused = (): void => {
    for (const map of Object.values(entries)) {
      for (const [id, { shared, owned, retry }] of map) {
        if (now() - shared.lastAccess <= options.feedTimeoutMs) continue
        clearTimeout(retry?.timer)
        owned?.stop()
        map.delete(id)
        logger.info({ feed: id }, 'a feed nobody used was dropped')
      }
    }
  }
  const sweep = setInterval(dropUnused, options.cleanupIntervalMs)

  const open = <K extends FeedKey>(key: K): OpenFeed<FeedValues[K['kind']]> => find(key).shared.open()

  return {
    open,
    book: async (connectorName, tradingPair, depth, timeoutMs) => {
      const key = { kind: 'book', connectorName, tradingPair } as const
      const feed = open(key)
      try {
        const { sequence, time } = await feed.ready(timeoutMs)
        const book = find(key).owned?.read(depth)
        if (book === undefined) throw new FeedNotReady(`the book of ${tradingPair} at ${connectorName} is interrupted`)
        return { ...book, sequence, time }
      } finally {
        feed.close()
      }
    },
    status: () =>
      all().map(({ shared: { key, state, holders, lastAccess, latest } }) => ({
        key,
        state,
        holders,
        lastAccess,
        updated: latest?.time ?? null,
      })),
    stop: async () => {
      clearInterval(sweep)
      for (const { owned, retry } of all()) {
        clearTimeout(retry?.timer)
        owned?.stop()
      }
    },
  }
}
