import { AsyncLocalStorage } from 'node:async_hooks'
import type { LiveVenue } from '@colibri/exchange'
import type { ServiceKit } from '@colibri/service-kit'
import type { NatsConnection, Subscription } from '@nats-io/nats-core'
import type { Registry } from 'prom-client'
import type { z } from 'zod'
import { bookStatusOf } from './book-status.ts'
import { answerControl, askReplica, bookReply, type ControlRequest, type FeedStatus } from './control.ts'
import {
  type FeedBook,
  type FeedKey,
  FeedNotReady,
  type Feeds,
  type FeedUpdate,
  type FeedValues,
  type OpenFeed,
} from './feed.ts'
import { openFeedClaims } from './feed-claims.ts'
import { checkFeedKey, type FeedKind, feedId } from './feed-key.ts'
import { feedMetrics } from './feed-metrics.ts'
import { feedWires } from './feed-wire.ts'
import { startReplicaLease } from './replica-lease.ts'
import { ReplicatedFeed, type ReplicatedFeedOptions } from './replicated-feed.ts'
import { SharedFeed, type SharedFeedOptions } from './shared-feed.ts'
import { siblingsOver } from './siblings.ts'
import { BOOK_LEVELS, upstreams } from './upstream.ts'

/** Providers and controllers get the feeds by `@Inject(FEEDS)`. */
export const FEEDS = Symbol('feeds')

/** What is kept for those who resume. */
const KEEPS: Readonly<Record<FeedKind, SharedFeedOptions['keeps']>> = {
  book: 'state',
  ticker: 'state',
  funding: 'state',
  trades: { changes: 500 },
  candles: { changes: 500 },
}

/** How soon the death of another replica is noticed once its lease has lapsed. */
const TICK_MS = 300
/** An owner hears of use elsewhere at least this often. */
const USED_MS = 10_000

export interface FeedsOptions {
  readonly nats: NatsConnection
  /** Shared: one per connector. Throws `UnknownConnector`. */
  readonly liveVenue: (connectorName: string) => LiveVenue
  /** A feed that nobody uses is dropped after this time, … */
  readonly feedTimeoutMs: number
  /** … which is looked at this often. */
  readonly cleanupIntervalMs: number
  readonly logger: ServiceKit<unknown>['logger']
  readonly background: ServiceKit<unknown>['background']
  readonly metrics: Registry
  readonly now: () => number
}

export interface BookReading extends FeedBook {
  readonly sequence: number
  /** Epoch milliseconds. */
  readonly time: number
}

export interface FeedService extends Feeds {
  /** Throws `UnknownConnector`, with the reason where the connector cannot be used. */
  check(connectorName: string): void
  /**
   * The best `depth` levels of a live book, opened on first use. Rejects with `UnknownConnector`, `UnknownPair`, a
   * venue's error, or `FeedNotReady` when it is not live within `timeoutMs`.
   */
  book(connectorName: string, tradingPair: string, depth: number, timeoutMs: number): Promise<BookReading>
  /** The feeds of this replica. */
  status(): readonly FeedStatus[]
  /** Asks every living replica, this one too. One that does not answer is left out. */
  askAll<T>(question: ControlRequest, reply: z.ZodType<T>): Promise<readonly T[]>
  /** Lets go of all feeds, so that others can take them at once. */
  stop(): Promise<void>
}

type FeedMaps = { readonly [K in FeedKind]: Map<string, ReplicatedFeed<FeedValues[K]>> }

/** The feeds of a replica, shared with the others over NATS: of each, one replica has the venue's stream and all have the data. */
export const createFeeds = (options: FeedsOptions): FeedService => {
  const { nats, logger, background, now, feedTimeoutMs } = options
  const maps: FeedMaps = {
    book: new Map(),
    trades: new Map(),
    ticker: new Map(),
    funding: new Map(),
    candles: new Map(),
  }
  // A feed outlives the request that opened it: its log lines must not carry that request's ids.
  const outsideRequests = AsyncLocalStorage.snapshot()
  const all = () => Object.values(maps).flatMap((map) => [...map.values()])
  const report = (error: unknown): void => logger.warn({ err: error }, 'a message between replicas failed')
  let control: Subscription | undefined

  const lease = startReplicaLease({
    nats,
    logger,
    lapsed: () => {
      for (const feed of all()) feed.lapse()
    },
    acquired: (session) => {
      control?.unsubscribe()
      control = answerControl(nats, session, answer, report)
      for (const feed of all()) feed.tick()
    },
  })
  const siblings = siblingsOver(nats, lease, openFeedClaims(nats, now), report)

  const status = (): FeedStatus[] =>
    all().map((feed) => {
      const { key, state, holders, lastAccess, latest } = feed.shared
      return { key, state, owned: feed.owns, holders, lastAccess, updated: latest?.time ?? null }
    })
  const metrics = feedMetrics(options.metrics, status)

  const known = <K extends FeedKey>(key: K): ReplicatedFeed<FeedValues[K['kind']]> | undefined => {
    const map: Map<string, ReplicatedFeed<FeedValues[K['kind']]>> = maps[key.kind as K['kind']]
    return map.get(feedId(key))
  }

  const find = <K extends FeedKey>(key: K): ReplicatedFeed<FeedValues[K['kind']]> => {
    const kind: K['kind'] = key.kind
    const map: Map<string, ReplicatedFeed<FeedValues[K['kind']]>> = maps[kind]
    const id = feedId(key)
    const there = map.get(id)
    if (there !== undefined) return there
    checkFeedKey(key)
    const venue = options.liveVenue(key.connectorName)
    const shared = new SharedFeed<FeedValues[K['kind']]>({
      key,
      keeps: KEEPS[kind],
      now,
      asked: () => outsideRequests(() => feed.asked()),
      released: () => {
        if (shared.failure !== undefined) background('end a feed', feed.end())
      },
      report: (error) => logger.error({ err: error, feed: id }, 'a listener of a feed failed'),
    })
    const replicated: ReplicatedFeedOptions<FeedValues[K['kind']]> = {
      shared,
      venue,
      upstream: upstreams[kind],
      wire: feedWires[kind],
      siblings,
      metrics,
      logger,
      now,
      background,
      usedEveryMs: Math.min(USED_MS, feedTimeoutMs / 3),
      wanted: () => now() - shared.lastAccess <= feedTimeoutMs,
      gone: () => {
        if (map.get(id) === feed) map.delete(id)
      },
    }
    const feed = outsideRequests(() => new ReplicatedFeed(replicated))
    map.set(id, feed)
    return feed
  }

  const lookAfterOthers = async (): Promise<void> => {
    if (lease.session() === undefined) return
    const sessions = new Set(all().flatMap((feed) => feed.listensTo ?? []))
    for (const session of sessions) {
      if (await lease.alive(session)) continue
      for (const feed of all()) if (feed.listensTo === session) feed.ownerDied()
    }
  }
  let looking: Promise<void> | undefined
  const ticks = setInterval(() => {
    for (const feed of all()) feed.tick()
    looking ??= lookAfterOthers()
      .catch((error: unknown) => logger.debug({ err: error }, 'the other replicas could not be looked at'))
      .finally(() => {
        looking = undefined
      })
  }, TICK_MS)
  const sweep = setInterval(() => {
    for (const feed of all()) {
      if (now() - feed.shared.lastAccess > feedTimeoutMs) background('end a feed', feed.end())
    }
  }, options.cleanupIntervalMs)

  const ownBooks = (connectorName: string): ReplicatedFeed<FeedBook>[] =>
    [...maps.book.values()].filter((feed) => feed.owns && feed.shared.key.connectorName === connectorName)

  const ownBook = (key: FeedKey, depth: number): z.infer<typeof bookReply> | undefined => {
    const feed = maps.book.get(feedId(key))
    const { latest, state } = feed?.shared ?? {}
    const book = feed?.owns ? feed.read(depth) : undefined
    if (book === undefined || latest === undefined || state !== 'live') return undefined
    const { updateId, bids, asks } = book
    return { kind: 'book', sequence: latest.sequence, time: latest.time, updateId, bids: [...bids], asks: [...asks] }
  }

  const answer = async (request: ControlRequest): Promise<object | undefined> => {
    switch (request.op) {
      case 'snapshot':
        return (await known(request.key)?.snapshot()) ?? { kind: 'not-owner' }
      case 'used':
        // Another replica's clock may be ahead.
        known(request.key)?.shared.touch(Math.min(request.lastAccess, now()))
        return undefined
      case 'book':
        return ownBook(request.key, request.depth) ?? { kind: 'not-live' }
      case 'status':
        return { feeds: status() }
      case 'books':
        return { books: ownBooks(request.connectorName).map(bookStatusOf) }
      case 'restart': {
        const books = ownBooks(request.connectorName)
        for (const feed of books) outsideRequests(() => feed.restart())
        return { tradingPairs: books.map((feed) => feed.shared.key.tradingPair) }
      }
      case 'forget': {
        const feed = known(request.key)
        feed?.shared.forgetUse()
        if (feed !== undefined && feed.shared.holders === 0) background('end a feed', feed.end())
        return { known: feed !== undefined }
      }
    }
  }

  const askAll = async <T>(question: ControlRequest, reply: z.ZodType<T>): Promise<readonly T[]> => {
    const own = lease.session()
    const others = await lease.sessions().catch((error: unknown) => {
      report(error)
      return []
    })
    const answers = others
      .filter((session) => session !== own)
      .map((session) => askReplica(nats, session, question, reply).catch(() => undefined))
    const all = await Promise.all([answer(question).then((mine) => reply.parse(mine)), ...answers])
    return all.filter((each) => each !== undefined)
  }

  const open = <K extends FeedKey>(key: K): OpenFeed<FeedValues[K['kind']]> => find(key).shared.open()

  return {
    check: (connectorName) => {
      options.liveVenue(connectorName)
    },
    open,
    status,
    askAll,
    book: async (connectorName, tradingPair, depth, timeoutMs) => {
      const key = { kind: 'book', connectorName, tradingPair } as const
      const feed = find(key)
      const held = feed.shared.open()
      try {
        const { sequence, time, value } = await liveUpdate(held, timeoutMs)
        const own = feed.owns ? feed.read(depth) : undefined
        if (own !== undefined) return { ...own, sequence, time }
        if (depth <= BOOK_LEVELS || feed.listensTo === undefined) {
          const { updateId, bids, asks } = value
          return { updateId, bids: bids.slice(0, depth), asks: asks.slice(0, depth), sequence, time }
        }
        const question = { op: 'book', key, depth } as const
        const reply = await askReplica(nats, feed.listensTo, question, bookReply).catch((error: unknown) => {
          throw new FeedNotReady(`the owner of ${feedId(key)} did not answer`, { cause: error })
        })
        if (reply.kind === 'not-live') throw new FeedNotReady(`${feedId(key)} is interrupted`)
        return reply
      } finally {
        held.close()
      }
    },
    stop: async () => {
      clearInterval(ticks)
      clearInterval(sweep)
      await looking
      await Promise.all(all().map((feed) => feed.end()))
      control?.unsubscribe()
      await lease.stop()
    },
  }
}

/** The newest update of a feed that is live, at once or as soon as it is again. */
const liveUpdate = async <T>(feed: OpenFeed<T>, timeoutMs: number): Promise<FeedUpdate<T>> => {
  const started = performance.now()
  const update = await feed.ready(timeoutMs)
  if (feed.state() === 'live') return update
  const next = Promise.withResolvers<FeedUpdate<T>>()
  const end = feed.onUpdate(next.resolve)
  const timer = setTimeout(
    () => next.reject(new FeedNotReady(`${feedId(feed.key)} is interrupted`)),
    timeoutMs - (performance.now() - started),
  )
  try {
    return await next.promise
  } finally {
    clearTimeout(timer)
    end()
  }
}
