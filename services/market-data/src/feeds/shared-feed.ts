import { type FeedKey, FeedNotReady, type FeedState, type FeedUpdate, type OpenFeed } from './feed.ts'
import { feedId } from './feed-key.ts'
import { type History, historyOfChanges, historyOfState, type KeptUpdate } from './history.ts'

export interface SharedFeedOptions {
  readonly key: FeedKey
  /** Updates kept for `since`, or that each is a whole state. */
  readonly keeps: { readonly changes: number } | 'state'
  readonly now: () => number
  /** Somebody waits for the feed: one that has failed may start anew. */
  readonly asked: () => void
  /** The last holder let go. */
  readonly released: () => void
  /** Told of a listener that throws. */
  readonly report: (error: unknown) => void
}

/** What this replica knows of one feed, shared by all who hold it, whoever owns it. */
export class SharedFeed<T> {
  readonly key: FeedKey
  readonly #options: SharedFeedOptions
  readonly #listeners = new Set<(update: FeedUpdate<T>) => void>()
  readonly #waiting = new Set<PromiseWithResolvers<FeedUpdate<T>>>()
  readonly #history: History<T>
  #state: FeedState = 'connecting'
  #failure: Error | undefined
  #holders = 0
  #lastAccess: number

  constructor(options: SharedFeedOptions) {
    this.key = options.key
    this.#options = options
    this.#history = options.keeps === 'state' ? historyOfState() : historyOfChanges(options.keeps.changes)
    this.#lastAccess = options.now()
  }

  get state(): FeedState {
    return this.#state
  }

  get latest(): FeedUpdate<T> | undefined {
    return this.#history.latest
  }

  get failure(): Error | undefined {
    return this.#failure
  }

  get holders(): number {
    return this.#holders
  }

  /** Epoch milliseconds of the last use; a feed that is held is in use. */
  get lastAccess(): number {
    return this.#holders > 0 ? this.#options.now() : this.#lastAccess
  }

  /** Was used, here now or elsewhere at `time`. */
  touch(time: number = this.#options.now()): void {
    this.#lastAccess = Math.max(this.#lastAccess, time)
  }

  kept(): readonly KeptUpdate<T>[] {
    return this.#history.kept()
  }

  /** As if it had not been used for ever; the next sweep drops it unless it is held. */
  forgetUse(): void {
    this.#lastAccess = 0
  }

  /**
   * Takes an update that follows the one numbered `previous`. Returns whether it was new: what is older than the newest
   * known comes from an owner that is none any more.
   */
  accept(update: FeedUpdate<T>, previous: number): boolean {
    const last = this.latest
    if (last !== undefined && update.sequence <= last.sequence) return false
    this.#history.add({ update, previous })
    this.#state = 'live'
    this.#failure = undefined
    for (const waiting of this.#waiting) waiting.resolve(update)
    this.#waiting.clear()
    for (const listener of this.#listeners) {
      try {
        listener(update)
      } catch (error) {
        this.#options.report(error)
      }
    }
    return true
  }

  /** Takes what an owner has kept. Whoever begins here gets the newest at once and the rest only by asking for it. */
  acceptKept(kept: readonly KeptUpdate<T>[]): void {
    const older = this.latest === undefined ? kept.slice(0, -1) : []
    for (const each of older) this.#history.add(each)
    for (const { update, previous } of kept) this.accept(update, previous)
  }

  /** The upstream stands still: what is known is old. */
  interrupted(): void {
    if (this.#state === 'live') this.#state = 'stale'
  }

  /** Takes the owner's word. Returns whether an update it had has not come here. */
  stateOfOwner(state: FeedState, sequence: number): 'complete' | 'behind' {
    const known = this.latest?.sequence
    if (known === undefined) this.#state = 'connecting'
    else this.#state = state === 'live' ? 'live' : 'stale'
    if (state === 'live') this.#failure = undefined
    return state === 'live' && sequence > (known ?? 0) ? 'behind' : 'complete'
  }

  /** No reconnection will help: whoever waits is told. */
  fail(error: Error): void {
    this.interrupted()
    this.#failure = error
    for (const waiting of this.#waiting) waiting.reject(error)
    this.#waiting.clear()
  }

  clearFailure(): void {
    this.#failure = undefined
  }

  open(): OpenFeed<T> {
    this.#holders++
    this.touch()
    let held = true
    const own = new Set<() => void>()
    return {
      key: this.key,
      state: () => this.#state,
      latest: () => {
        this.touch()
        return this.latest
      },
      ready: (timeoutMs) => this.#ready(timeoutMs),
      since: (sequence) => this.#since(sequence),
      onUpdate: (listener) => {
        // A function of its own, so that one listener given twice is two.
        const each = (update: FeedUpdate<T>): void => listener(update)
        this.#listeners.add(each)
        const end = (): void => {
          this.#listeners.delete(each)
          own.delete(end)
        }
        own.add(end)
        return end
      },
      close: () => {
        if (!held) return
        held = false
        for (const end of own) end()
        this.touch()
        this.#holders--
        if (this.#holders === 0) this.#options.released()
      },
    }
  }

  async #ready(timeoutMs: number): Promise<FeedUpdate<T>> {
    this.touch()
    this.#options.asked()
    const { latest } = this
    if (latest !== undefined) return latest
    if (this.#failure !== undefined) throw this.#failure
    const waiting = Promise.withResolvers<FeedUpdate<T>>()
    this.#waiting.add(waiting)
    const timer = setTimeout(
      () => waiting.reject(new FeedNotReady(`nothing came for ${feedId(this.key)} within ${timeoutMs / 1000}s`)),
      timeoutMs,
    )
    try {
      return await waiting.promise
    } finally {
      clearTimeout(timer)
      this.#waiting.delete(waiting)
    }
  }

  #since(sequence: number): readonly FeedUpdate<T>[] | undefined {
    this.touch()
    return this.#history.since(sequence)
  }
}
