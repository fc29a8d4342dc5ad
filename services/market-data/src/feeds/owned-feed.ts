import { type Interruption, type LiveVenue, VenueUnavailable } from '@colibri/exchange'
import type { FeedKey, FeedUpdate } from './feed.ts'
import type { OpenUpstream, Upstream } from './upstream.ts'

export interface OwnedFeedOptions<T> {
  readonly key: FeedKey
  readonly venue: LiveVenue
  readonly open: OpenUpstream<T>
  /** Updates count from here. */
  readonly firstSequence: number
  /** The newest update known of an earlier owner, 0 when there is none. */
  readonly previousSequence: number
  readonly now: () => number
  readonly events: OwnedFeedEvents<T>
}

export interface OwnedFeedEvents<T> {
  update(update: FeedUpdate<T>, previous: number): void
  interrupted(reason: Interruption | 'restarted', error: unknown): void
  /** The stream ended with what no reconnection can heal. It runs again only after `restart`. */
  failed(error: Error): void
}

/** The one stream of a feed, at the replica that owns it: numbers what comes. */
export class OwnedFeed<T> {
  readonly #options: OwnedFeedOptions<T>
  #upstream: Upstream<T> | undefined
  #previous: number
  #next: number
  #first: T | undefined

  constructor(options: OwnedFeedOptions<T>) {
    this.#options = options
    this.#previous = options.previousSequence
    this.#next = options.firstSequence
    this.#start()
  }

  /** The state as it is now; undefined while the venue's is not known. */
  read(levels: number): T | undefined {
    return this.#upstream?.read(levels)
  }

  /** What the stream began with, the last time that it did. */
  get first(): T | undefined {
    return this.#first
  }

  /** Begins anew with the venue. */
  restart(): void {
    this.#upstream?.stop()
    this.#options.events.interrupted('restarted', undefined)
    this.#start()
  }

  stop(): void {
    this.#upstream?.stop()
    this.#upstream = undefined
  }

  #start(): void {
    this.#first = undefined
    const { venue, key, open, now, events } = this.#options
    const upstream = open(venue, key, {
      update: (value) => {
        if (this.#upstream !== upstream) return
        this.#first ??= value
        const previous = this.#previous
        const update = { sequence: this.#next, time: now(), value }
        this.#previous = this.#next++
        events.update(update, previous)
      },
      interrupted: (reason, error) => {
        if (this.#upstream !== upstream) return
        this.#first = undefined
        events.interrupted(reason, error)
      },
    })
    this.#upstream = upstream
    const ended = (error: unknown): void => {
      if (this.#upstream !== upstream) return
      this.#upstream = undefined
      events.failed(error instanceof Error ? error : new Error(String(error)))
    }
    upstream.ended.then(() => ended(new VenueUnavailable('the stream ended')), ended)
  }
}
