import { within } from './deadline.ts'

/** A value and the epoch milliseconds at which the venue said it. */
export interface Dated<V> {
  readonly value: V
  readonly time: number
}

export interface Freshness {
  /** A value younger than this is served without asking the venue. */
  readonly freshMs: number
  /** A value between `freshMs` and this is served at once and refreshed behind the reply. Not above `freshMs`: never. */
  readonly staleMs: number
  /** How long one caller waits for the venue before `VenueTooSlow`. */
  readonly waitMs: number
  /** After a failure the same error is given for this long: a dead venue costs one call per period, not one per request. */
  readonly retryMs: number
  /** Least recently used entries beyond this are dropped. */
  readonly maxEntries: number
}

export interface CacheOptions extends Freshness {
  readonly now: () => number
  /** Told of each failed load, also of those nobody waits for. */
  readonly onFailure: (key: string, error: unknown) => void
}

interface Entry<V> {
  current?: Dated<V>
  failure?: { readonly error: unknown; readonly until: number }
  loading?: Promise<Dated<V>>
}

/**
 * Answers of venues by key. Callers that ask for the same key at the same time share one call; a caller's patience ends
 * before the call does, and the late answer still serves the next one.
 */
export class FreshCache<V> {
  readonly #entries = new Map<string, Entry<V>>()
  readonly #options: CacheOptions

  constructor(options: CacheOptions) {
    this.#options = options
  }

  /** One value. Rejects with the load's error or `VenueTooSlow`. */
  async read(key: string, load: () => Promise<V>): Promise<Dated<V>> {
    const [dated] = await this.readAll([key], async () => [await load()])
    if (dated === undefined) throw new Error(`nothing was loaded for ${key}`)
    return dated
  }

  /** Values in the order of `keys`. `load` gets the keys that nobody knows or is loading, and answers in their order. */
  async readAll(
    keys: readonly string[],
    load: (missing: readonly string[]) => Promise<readonly V[]>,
  ): Promise<readonly Dated<V>[]> {
    const entries = keys.map((key) => this.#touch(key))
    this.#load(keys, load)
    this.#evict()
    const answers = Promise.all(entries.map((entry) => this.#answer(entry)))
    return within(answers, this.#options.waitMs)
  }

  get size(): number {
    return this.#entries.size
  }

  #touch(key: string): Entry<V> {
    const entry = this.#entries.get(key) ?? {}
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    return entry
  }

  #age(entry: Entry<V>): number {
    return entry.current === undefined ? Number.POSITIVE_INFINITY : this.#options.now() - entry.current.time
  }

  #servable(entry: Entry<V>): boolean {
    return this.#age(entry) < Math.max(this.#options.freshMs, this.#options.staleMs)
  }

  #load(keys: readonly string[], load: (missing: readonly string[]) => Promise<readonly V[]>): void {
    const now = this.#options.now()
    const missing = [...new Set(keys)].filter((key) => {
      const entry = this.#entries.get(key)
      if (entry === undefined || entry.loading !== undefined) return false
      if (entry.failure !== undefined && now < entry.failure.until) return false
      return this.#age(entry) >= this.#options.freshMs
    })
    if (missing.length === 0) return
    const batch = Promise.resolve().then(() => load(missing))
    missing.forEach((key, index) => {
      this.#settle(key, batch, index)
    })
  }

  #settle(key: string, batch: Promise<readonly V[]>, index: number): void {
    const entry = this.#touch(key)
    const loading = batch
      .then((values) => {
        const value = values[index]
        if (value === undefined) throw new Error(`nothing was loaded for ${key}`)
        return value
      })
      .then(
        (value) => {
          const dated = { value, time: this.#options.now() }
          entry.current = dated
          delete entry.failure
          delete entry.loading
          return dated
        },
        (error: unknown) => {
          entry.failure = { error, until: this.#options.now() + this.#options.retryMs }
          delete entry.loading
          throw error
        },
      )
    entry.loading = loading
    loading.catch((error: unknown) => this.#options.onFailure(key, error))
  }

  async #answer(entry: Entry<V>): Promise<Dated<V>> {
    if (entry.current !== undefined && this.#servable(entry)) return entry.current
    if (entry.loading !== undefined) return entry.loading
    if (entry.failure !== undefined) throw entry.failure.error
    throw new Error('a cache entry is neither known, loading nor failed')
  }

  #evict(): void {
    for (const [key, entry] of this.#entries) {
      if (this.#entries.size <= this.#options.maxEntries) return
      if (entry.loading === undefined) this.#entries.delete(key)
    }
  }
}
