import type { Candle } from '@colibri/exchange'
import type { LiveCandles, OpenCandles } from '../candles/live-candles.ts'
import {
  type FeedKey,
  FeedNotReady,
  type FeedState,
  type Feeds,
  type FeedUpdate,
  type FeedValues,
  type OpenFeed,
} from '../feeds/feed.ts'

/** One feed that says what the test says. Keeps its last updates as a real one does. */
export class HandFed<T> {
  readonly #key: FeedKey
  readonly #kept: number
  readonly #listeners = new Set<(update: FeedUpdate<T>) => void>()
  readonly #waiting = new Set<PromiseWithResolvers<FeedUpdate<T>>>()
  #updates: FeedUpdate<T>[] = []
  #failure: Error | undefined
  #state: FeedState = 'connecting'
  holders = 0

  constructor(key: FeedKey, kept: number) {
    this.#key = key
    this.#kept = kept
  }

  push(sequence: number, value: T): void {
    const update = { sequence, time: Date.now(), value }
    this.#updates = [...this.#updates, update].slice(-this.#kept)
    this.#state = 'live'
    for (const { resolve } of this.#waiting) resolve(update)
    for (const listener of this.#listeners) listener(update)
  }

  /** Forgets, as a replica does that lost its way to the owner. */
  forget(): void {
    this.#updates = []
  }

  interrupt(): void {
    this.#state = 'stale'
  }

  fail(error: Error): void {
    this.#failure = error
    for (const { reject } of this.#waiting) reject(error)
  }

  open(): OpenFeed<T> {
    this.holders++
    const latest = () => this.#updates.at(-1)
    return {
      key: this.#key,
      state: () => this.#state,
      latest,
      ready: async (timeoutMs) => {
        if (this.#failure !== undefined) throw this.#failure
        const known = latest()
        if (known !== undefined) return known
        const waiting = Promise.withResolvers<FeedUpdate<T>>()
        this.#waiting.add(waiting)
        const timer = setTimeout(() => waiting.reject(new FeedNotReady('nothing came')), timeoutMs)
        return waiting.promise.finally(() => {
          clearTimeout(timer)
          this.#waiting.delete(waiting)
        })
      },
      since: (sequence) => {
        const at = this.#updates.findIndex((update) => update.sequence === sequence)
        return at < 0 ? undefined : this.#updates.slice(at + 1)
      },
      onUpdate: (listener) => {
        this.#listeners.add(listener)
        return () => this.#listeners.delete(listener)
      },
      close: () => {
        this.holders--
      },
    }
  }
}

type Shelves = { readonly [Kind in keyof FeedValues]: Map<string, HandFed<FeedValues[Kind]>> }

/** Feeds in the hand of a test: every pair of every connector, silent until it is fed. */
export const handFedFeeds = (kept = 100) => {
  const shelves: Shelves = {
    book: new Map(),
    trades: new Map(),
    ticker: new Map(),
    funding: new Map(),
    candles: new Map(),
  }
  const feed = <K extends FeedKey>(key: K): HandFed<FeedValues[K['kind']]> => {
    const shelf: Shelves[K['kind']] = shelves[key.kind as K['kind']]
    const id = JSON.stringify(key)
    const found = shelf.get(id) ?? new HandFed<FeedValues[K['kind']]>(key, kept)
    shelf.set(id, found)
    return found
  }
  const feeds: Feeds = { open: (key) => feed(key).open() }
  return { feeds, feed }
}

/** Candles in the hand of a test, one series for whoever asks; not ready before they are fed. */
export const handFedCandles = () => {
  const listeners = new Set<Parameters<OpenCandles['onUpdate']>[0]>()
  const first = Promise.withResolvers<void>()
  let series: readonly Candle[] = []
  let sequence = 0
  const candles: LiveCandles = {
    open: (_connectorName, _tradingPair, _interval, rows) => ({
      ready: async () => {
        await first.promise
        return series.slice(-rows)
      },
      rows: () => series.slice(-rows),
      sequence: () => sequence,
      onUpdate: (listener) => {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
      close: () => undefined,
    }),
  }
  /** Puts rows in by their open times. */
  const push = (time: number, ...changed: readonly Candle[]): void => {
    const known = new Map([...series, ...changed].map((row) => [row.time, row]))
    const opened = known.size > series.length
    series = [...known.values()].sort((one, other) => one.time - other.time)
    sequence++
    first.resolve()
    for (const listener of listeners) listener({ sequence, time, changed, opened })
  }
  return { candles, push }
}
