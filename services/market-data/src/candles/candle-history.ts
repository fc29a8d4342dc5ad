import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Candle, connectorOf, UnknownPair, type Venues } from '@colibri/exchange'
import { within } from '../venue-calls/deadline.ts'
import type { FreshCache } from '../venue-calls/fresh-cache.ts'
import { pageRowsOf } from './candle-intervals.ts'
import { overlap, pieceOf, pieces, type TimeRange } from './candle-range.ts'
import { inTransaction } from './candle-tables.ts'
import { sortAnswer } from './final-candles.ts'
import { inParallel } from './in-parallel.ts'
import { countIn, durationOf, endTimeOf, openTimeOf } from './intervals.ts'
import { resampleSource } from './resample.ts'
import type { SeriesKey, StoredCandles } from './stored-candles.ts'

/** Pieces of one request that are asked of a venue at the same time; its rate budget has the last word. */
const AT_ONCE = 4
/** Longer than a venue's call may take. A replica that dies with a claim holds up the others for no longer. */
const CLAIM_SECONDS = 15
const CLAIM_POLL_MS = 100

/** Where the rows of a range are found. */
export type FoundCandles =
  /** The range has not begun yet. */
  | { readonly kind: 'nothing' }
  | {
      readonly kind: 'stored'
      readonly seriesId: number
      readonly range: TimeRange
      /** Rows that may still change, behind all stored ones: the live candle. */
      readonly open: readonly Candle[]
    }
  /** To be aggregated from the stored rows of a lower interval in `source`. */
  | {
      readonly kind: 'derived'
      readonly seriesId: number
      readonly interval: string
      readonly source: TimeRange
      readonly range: TimeRange
    }

/** A range is not stored and the venue cannot be asked; `cause` says why. */
export class CandlesMissing extends Error {
  override readonly name = 'CandlesMissing'
  constructor(
    readonly missing: readonly TimeRange[],
    readonly stored: readonly TimeRange[],
    options: { readonly cause: unknown },
  ) {
    super('candles are missing', options)
  }
}

export interface CandleHistoryOptions {
  readonly stored: StoredCandles
  readonly venues: Venues
  /** What came of a piece a moment ago: the rows that may still change, or that the venue failed. */
  readonly fills: FreshCache<readonly Candle[]>
  /** Bounds a whole request. */
  readonly waitMs: number
  readonly now: () => number
}

/** Candles of the past: asked of the venue once, stored, and served from the store. */
export class CandleHistory {
  readonly stored: StoredCandles
  /** How long a request waits for the venue at most. */
  readonly waitMs: number
  readonly #options: CandleHistoryOptions
  readonly #owner = randomUUID()

  constructor(options: CandleHistoryOptions) {
    this.#options = options
    this.stored = options.stored
    this.waitMs = options.waitMs
  }

  /**
   * Asks the venue for what is not known of a range, if anything, and says where the rows are. Rejects with
   * `CandlesMissing`, or `UnknownConnector` for a name that nobody has. What was fetched before a failure stays.
   */
  async find(key: SeriesKey, asked: TimeRange): Promise<FoundCandles> {
    connectorOf(key.connectorName)
    const { stored, now } = this.#options
    const range = { from: asked.from, to: Math.min(asked.to, now() + 1) }
    if (range.from >= range.to) return { kind: 'nothing' }
    const whole = { from: openTimeOf(key.interval, range.from), to: this.#end(key.interval, range.to) }
    const known = await stored.find(key)
    const missing = known === undefined ? [whole] : await stored.missing(known, whole)
    if (known !== undefined && missing.length === 0) return { kind: 'stored', seriesId: known, range, open: [] }
    try {
      // Says why of a connector that cannot be used, before anything is stored.
      this.#options.venues.publicVenue(key.connectorName)
      const seriesId = known ?? (await stored.open(key))
      const open = await within(this.#fill(key, seriesId, missing), this.waitMs)
      return { kind: 'stored', seriesId, range, open: open.filter(({ time }) => time >= range.from && time < range.to) }
    } catch (cause) {
      if (cause instanceof UnknownPair) await stored.forgetEmpty(key)
      const derived = await this.#derive(key, whole, range)
      if (derived !== undefined) return derived
      throw new CandlesMissing(missing, known === undefined ? [] : await stored.coverage(known), { cause })
    }
  }

  #end(interval: string, to: number): number {
    return endTimeOf(interval, openTimeOf(interval, to - 1))
  }

  /** One row of a page is for the candle after the piece, which proves that the piece's last one is final. */
  #pieceMs({ connectorName, interval }: SeriesKey): number {
    return (pageRowsOf(connectorName) - 1) * durationOf(interval)
  }

  #pieces(key: SeriesKey, range: TimeRange): readonly TimeRange[] {
    return pieces(range, this.#pieceMs(key))
  }

  /** Rows that may still change, oldest first. */
  async #fill(key: SeriesKey, seriesId: number, missing: readonly TimeRange[]): Promise<readonly Candle[]> {
    const now = this.#options.now()
    const all = missing.flatMap((range) => this.#pieces(key, range)).filter(({ from }) => from <= now)
    const open = await inParallel(all, AT_ONCE, async (piece) => {
      const { connectorName, tradingPair, interval } = key
      // Those who ask for the same piece at the same time, or in the second after, share one answer.
      const name = `${connectorName} ${interval} ${piece.from} ${piece.to} ${tradingPair}`
      return (await this.#options.fills.read(name, () => this.#fillPiece(key, seriesId, piece))).value
    })
    return open.flat().sort((left, right) => left.time - right.time)
  }

  async #fillPiece(key: SeriesKey, seriesId: number, piece: TimeRange): Promise<readonly Candle[]> {
    const open: Candle[] = []
    const venue = this.#options.venues.publicVenue(key.connectorName)
    await this.#claimed(seriesId, pieceOf(piece.from, this.#pieceMs(key)), async () => {
      // Somebody else may have fetched it while the claim was waited for.
      for (const range of await this.stored.missing(seriesId, piece)) {
        const limit = this.#mostRows(key.interval, range)
        const answer = await venue.candles(key.tradingPair, key.interval, limit, range.from)
        const sorted = sortAnswer(key.interval, range, answer, limit, this.#options.now())
        open.push(...sorted.open)
        const { known } = sorted
        if (known === undefined) continue
        await inTransaction(this.stored.pool, (client) =>
          this.stored.save(
            client,
            seriesId,
            sorted.final.filter(({ time }) => overlap(known, { from: time, to: time + 1 }) !== undefined),
            known,
          ),
        )
      }
    })
    return open
  }

  /** As many candles as there can be in a range now, and the next one if it is there already. */
  #mostRows(interval: string, { from, to }: TimeRange): number {
    const now = this.#options.now()
    return to <= now ? countIn(interval, to - from) + 1 : countIn(interval, now + 1 - from)
  }

  /** Runs while no other replica fetches the same piece. */
  async #claimed(seriesId: number, piece: number, work: () => Promise<void>): Promise<void> {
    const { pool } = this.stored
    const values = [seriesId, piece, this.#owner]
    for (;;) {
      const { rowCount } = await pool.query({ name: 'candles-claim', text: CLAIM, values })
      if (rowCount === 1) break
      await sleep(CLAIM_POLL_MS)
    }
    try {
      await work()
    } finally {
      await pool.query({ name: 'candles-disclaim', text: DISCLAIM, values })
    }
  }

  /** The lower interval that everything is stored of, where the venue's own candles cannot be had. */
  async #derive(key: SeriesKey, source: TimeRange, range: TimeRange): Promise<FoundCandles | undefined> {
    const { connectorName, tradingPair } = key
    const available = await this.stored.intervals(connectorName, tradingPair)
    for (const interval of resampleSource(key.interval, available)) {
      const seriesId = await this.stored.find({ connectorName, tradingPair, interval })
      if (seriesId !== undefined && (await this.stored.missing(seriesId, source)).length === 0)
        return { kind: 'derived', seriesId, interval, source, range }
    }
    return undefined
  }
}

const CLAIM = `
insert into market_data.candle_claims as claim (series_id, piece, owner, until)
values ($1, $2, $3, now() + interval '${CLAIM_SECONDS} seconds')
on conflict (series_id, piece) do update set owner = excluded.owner, until = excluded.until
where claim.until < now()`

const DISCLAIM = 'delete from market_data.candle_claims where series_id = $1 and piece = $2 and owner = $3'
