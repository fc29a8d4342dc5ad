import type { Candle, PublicVenue } from '@colibri/exchange'
import type { OpenFeed } from '../feeds/feed.ts'
import { within } from '../venue-calls/deadline.ts'
import { CandleWindow, type WindowChange } from './candle-window.ts'
import { countIn, durationOf, endTimeOf } from './intervals.ts'
import type { CandlesUpdate } from './live-candles.ts'
import type { SeriesKey } from './stored-candles.ts'

/** Rows are fetched and kept in whole multiples of this, so that a request for a few more costs nothing. */
const stepOf = (interval: string): number => (durationOf(interval) < DAY ? 500 : 50)
const DAY = 86_400_000
/** What REST said is shown for this long where no stream says better. */
const REST_FRESH_MS = 1_000
/** A stream may be this late with the first word of a new candle. */
const LATE_MS = 2_000
/** After a failure the same error is given for this long. */
const RETRY_MS = 2_000
/** A feed that has said nothing for so long is opened anew: what refused may have changed its mind. */
const REOPEN_MS = 60_000
/** A venue that had no older rows is asked for them again after this time. */
const EXHAUSTED_MS = 5 * 60_000

export interface LiveSeriesOptions {
  readonly key: SeriesKey
  readonly venue: Pick<PublicVenue, 'candles'>
  /** Undefined where the venue has no stream of this. */
  readonly openFeed: () => OpenFeed<readonly Candle[]> | undefined
  readonly now: () => number
  readonly onFailure: (error: unknown) => void
}

/** The newest candles of one pair at one interval, shared by all who read or hold them. */
export class LiveSeries {
  readonly #options: LiveSeriesOptions
  readonly #window: CandleWindow
  readonly #step: number
  readonly #listeners = new Set<(update: CandlesUpdate) => void>()
  #feed: OpenFeed<readonly Candle[]> | undefined
  #feedSince = Number.NEGATIVE_INFINITY
  #wanted = 0
  #exhaustedUntil = Number.NEGATIVE_INFINITY
  #askedAt = Number.NEGATIVE_INFINITY
  #asking: Promise<void> | undefined
  #failure: { readonly error: unknown; readonly until: number } | undefined
  #sequence = 0
  /** Holders of the series and the time of its last use. */
  holders = 0
  lastUse: number

  constructor(options: LiveSeriesOptions) {
    this.#options = options
    this.#window = new CandleWindow(options.key.interval)
    this.#step = stepOf(options.key.interval)
    this.lastUse = options.now()
  }

  get size(): number {
    return this.#window.size
  }

  get sequence(): number {
    return this.#sequence
  }

  /** As many rows as there are, at most `count`. */
  newest(count: number): readonly Candle[] {
    return this.#window.newest(count)
  }

  /** The newest `count` rows as they are now. Rejects with `UnknownPair`, a venue's error or `VenueTooSlow`. */
  async read(count: number, waitMs: number): Promise<readonly Candle[]> {
    this.use(count)
    const before = this.#askedAt
    if (!this.#isCurrent(REST_FRESH_MS)) await within(this.#ask(), waitMs)
    // Whoever joined an answer under way that was asked for fewer rows asks again.
    if (this.#askedAt !== before && !this.#isLongEnough()) await within(this.#ask(), waitMs)
    return this.newest(count)
  }

  /** Somebody wants `count` rows. */
  use(count: number): void {
    this.lastUse = this.#options.now()
    this.#wanted = Math.max(this.#wanted, Math.ceil(count / this.#step) * this.#step)
    this.#keepFeed()
  }

  /** Looks after a series that somebody holds: asks for what the stream does not say. */
  tend(): void {
    this.#keepFeed()
    const { interval } = this.#options.key
    const pace = Math.min(10_000, Math.max(2 * REST_FRESH_MS, durationOf(interval) / 6))
    if (this.#isCurrent(this.#window.hasHole ? 2 * REST_FRESH_MS : pace)) return
    this.#ask().catch(() => undefined)
  }

  onUpdate(listener: (update: CandlesUpdate) => void): () => void {
    const each = (update: CandlesUpdate): void => listener(update)
    this.#listeners.add(each)
    return () => this.#listeners.delete(each)
  }

  close(): void {
    this.#feed?.close()
    this.#feed = undefined
    this.#listeners.clear()
  }

  #keepFeed(): void {
    const now = this.#options.now()
    const silent = this.#feed?.latest() === undefined
    if (!silent || now - this.#feedSince < REOPEN_MS) return
    this.#feed?.close()
    this.#feedSince = now
    const feed = this.#options.openFeed()
    this.#feed = feed
    feed?.onUpdate(({ value, time }) => {
      // Rows of a stream alone have holes before them: they wait for the first answer, which knows them too.
      if (this.#window.size > 0) this.#tell(this.#window.streamed(value, time))
    })
  }

  #isLongEnough(): boolean {
    return this.#window.size >= this.#wanted || this.#options.now() < this.#exhaustedUntil
  }

  /** True when there is no reason to ask the venue, or it was asked a moment ago. */
  #isCurrent(restFreshMs: number): boolean {
    const now = this.#options.now()
    const { last, hasHole } = this.#window
    if (!this.#isLongEnough()) return false
    if (now - this.#askedAt < restFreshMs) return true
    if (last === undefined || hasHole || this.#feed?.state() !== 'live') return false
    return now < endTimeOf(this.#options.key.interval, last.time) + LATE_MS
  }

  /** Asks the venue for what is missing; all who ask meanwhile share the answer. */
  #ask(): Promise<void> {
    const failure = this.#failure
    if (failure !== undefined && this.#options.now() < failure.until) return Promise.reject(failure.error)
    this.#asking ??= this.#fetch()
      .catch((error: unknown) => {
        this.#failure = { error, until: this.#options.now() + RETRY_MS }
        this.#options.onFailure(error)
        throw error
      })
      .finally(() => {
        this.#asking = undefined
      })
    return this.#asking
  }

  async #fetch(): Promise<void> {
    const { venue, key, now } = this.#options
    const time = now()
    const from = this.#window.finalTo
    const wanted = this.#wanted
    const behind = Number.isFinite(from) ? Math.max(1, countIn(key.interval, time + 1 - from)) : wanted
    const onlyBehind = this.#isLongEnough() && this.#window.size > 0 && behind < wanted
    const rows = onlyBehind
      ? await venue.candles(key.tradingPair, key.interval, behind, from)
      : await venue.candles(key.tradingPair, key.interval, wanted)
    this.#askedAt = time
    this.#failure = undefined
    if (!onlyBehind) {
      this.#exhaustedUntil = rows.length < wanted ? time + EXHAUSTED_MS : Number.NEGATIVE_INFINITY
      this.#window.beginAt(rows[0]?.time ?? time)
    }
    this.#tell(this.#window.answered(rows, time))
    this.#window.keep(this.#wanted + this.#step)
  }

  #tell({ changed, opened }: WindowChange): void {
    if (changed.length === 0) return
    this.#sequence++
    const update = { sequence: this.#sequence, time: this.#options.now(), changed, opened }
    for (const listener of this.#listeners) listener(update)
  }
}
