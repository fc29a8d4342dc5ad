import { setTimeout as sleep } from 'node:timers/promises'
import { VenueUnavailable } from '@colibri/exchange'
import type { Decimal } from 'decimal.js'
import { PriceTable } from './price-table.ts'
import type { RateSource } from './rate-source.ts'

/** A source is not asked again sooner than this, however many ask for fresh prices. */
const MIN_PAUSE_MS = 1_000
const FIRST_RETRY_MS = 1_000
const LAST_RETRY_MS = 60_000
const LONGEST_DEMAND_MS = 24 * 60 * 60_000

export interface RefreshOptions {
  /** Epoch milliseconds, for the age of prices. */
  readonly now: () => number
  /** Milliseconds of a clock that is never set, for pauses. */
  readonly elapsed: () => number
  /** From 0 up to 1, for the spread of pauses among replicas. */
  readonly random: () => number
  /** Told how every request ended: the number of prices, or the error. */
  readonly onLoad: (outcome: { readonly count: number } | { readonly error: unknown }) => void
}

/** How long a source that said so refuses every request. */
const demandedPause = (error: unknown, now: number): number =>
  error instanceof VenueUnavailable && error.until !== null ? Math.min(error.until - now, LONGEST_DEMAND_MS) : 0

type Prices = ReadonlyMap<string, Decimal>

/** All prices of one source, asked for again and again; at most one request runs at any time. */
export class RefreshedPrices {
  readonly table = new PriceTable()
  /** Resolves when the first request has ended, either way. */
  readonly firstAnswer: Promise<void>
  readonly #source: RateSource
  readonly #quoteToken: string
  readonly #options: RefreshOptions
  readonly #stopping = new AbortController()
  #resolveFirst: () => void = () => {}
  #loading: Promise<Prices> | undefined
  #last: { readonly prices: Prices; readonly endedAt: number } | undefined
  #failure: { readonly error: unknown; readonly count: number; readonly until: number } | undefined

  constructor(source: RateSource, quoteToken: string, options: RefreshOptions) {
    this.#source = source
    this.#quoteToken = quoteToken
    this.#options = options
    this.firstAnswer = new Promise((resolve) => {
      this.#resolveFirst = resolve
    })
  }

  /** Asks until it is stopped. Never rejects. */
  async run(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      const pause = await this.fetch().then(
        () => this.#source.refreshMs * this.#spread(),
        () => Math.max(0, (this.#failure?.until ?? 0) - this.#options.elapsed()),
      )
      await sleep(pause, undefined, { signal }).catch(() => undefined)
    }
  }

  stop(): void {
    this.#stopping.abort()
    this.#resolveFirst()
  }

  /**
   * What the source says now. Callers share one request, an answer of the last second, and, until it is tried again, the
   * error of one that failed.
   */
  fetch(): Promise<Prices> {
    if (this.#loading !== undefined) return this.#loading
    const now = this.#options.elapsed()
    if (this.#last !== undefined && now - this.#last.endedAt < MIN_PAUSE_MS) return Promise.resolve(this.#last.prices)
    if (this.#failure !== undefined && now < this.#failure.until) return Promise.reject(this.#failure.error)
    const loading = this.#load().finally(() => {
      this.#loading = undefined
      this.#resolveFirst()
    })
    this.#loading = loading
    return loading
  }

  async #load(): Promise<Prices> {
    const { now, elapsed, onLoad } = this.#options
    const asked = now()
    try {
      const prices = await this.#source.prices(this.#quoteToken)
      this.table.update(prices, asked)
      this.#last = { prices, endedAt: elapsed() }
      this.#failure = undefined
      onLoad({ count: prices.size })
      return prices
    } catch (error) {
      const count = (this.#failure?.count ?? 0) + 1
      const backOff = Math.min(FIRST_RETRY_MS * 2 ** (count - 1), LAST_RETRY_MS) * this.#spread()
      this.#failure = { error, count, until: elapsed() + Math.max(backOff, demandedPause(error, now())) }
      onLoad({ error })
      throw error
    }
  }

  /** Replicas that started together do not go on asking together. */
  #spread(): number {
    return 0.9 + 0.2 * this.#options.random()
  }
}
