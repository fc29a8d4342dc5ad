import type { Candle } from '@colibri/exchange'
import { endTimeOf, openTimeOf } from './intervals.ts'

/** That a venue has no candle for an interval is believed so long after the interval's end. */
const EMPTY_AFTER_MS = 60_000

export interface WindowChange {
  /** New or different rows, oldest first. */
  readonly changed: readonly Candle[]
  /** True when a candle opened behind the newest one. */
  readonly opened: boolean
}

/**
 * The newest candles of a series without a hole: what the venue's REST side says, and on top of it what its stream says.
 * All before `finalTo` is final and complete; from there on the stream is relied upon until it proves to have left out
 * something.
 */
export class CandleWindow {
  readonly #interval: string
  #rows: Candle[] = []
  #finalTo = Number.NEGATIVE_INFINITY

  constructor(interval: string) {
    this.#interval = interval
  }

  get size(): number {
    return this.#rows.length
  }

  get last(): Candle | undefined {
    return this.#rows.at(-1)
  }

  /** Open time from which on rows may be missing or unfinished; not before the first answer. */
  get finalTo(): number {
    return this.#finalTo
  }

  /** True when something between the final rows and the newest one must be asked for again. */
  get hasHole(): boolean {
    return this.last !== undefined && this.last.time > this.#finalTo
  }

  newest(count: number): readonly Candle[] {
    return this.#rows.slice(-count)
  }

  keep(count: number): void {
    if (this.#rows.length > count) this.#rows = this.#rows.slice(-count)
  }

  /** Forgets what opened before a time: it may not reach up to it. */
  beginAt(time: number): void {
    this.#rows = this.#rows.slice(this.#firstFrom(time))
  }

  /** Takes what REST answered at `time` about all candles from a time on that is not behind `finalTo`. */
  answered(rows: readonly Candle[], time: number): WindowChange {
    const newest = rows.at(-1)
    const change = this.#merge(rows, (row, known) => row.time !== newest?.time || row.volume >= known.volume)
    const empty = openTimeOf(this.#interval, time - EMPTY_AFTER_MS)
    this.#finalTo = Math.max(this.#finalTo, newest?.time ?? Number.NEGATIVE_INFINITY, empty)
    return change
  }

  /** Takes rows of the stream, as its owner had them at `time`. */
  streamed(rows: readonly Candle[], time: number): WindowChange {
    // A candle only grows: what has less volume than a final row is older than it.
    const change = this.#merge(rows, (row, known) => row.time >= this.#finalTo || row.volume >= known.volume)
    for (const row of rows) {
      const end = endTimeOf(this.#interval, row.time)
      // Seen once more after its end, a candle is final.
      if (row.time <= this.#finalTo && time >= end) this.#finalTo = Math.max(this.#finalTo, end)
    }
    return change
  }

  #merge(rows: readonly Candle[], replaces: (row: Candle, known: Candle) => boolean): WindowChange {
    const last = this.last?.time ?? Number.NEGATIVE_INFINITY
    const first = this.#firstFrom(rows[0]?.time)
    const known = new Map(this.#rows.slice(first).map((row) => [row.time, row]))
    const changed = rows.filter((row) => {
      const before = known.get(row.time)
      return before === undefined || (replaces(row, before) && !isSame(row, before))
    })
    if (changed.length > 0) {
      for (const row of changed) known.set(row.time, row)
      // In place: a stream changes the newest of ten thousand rows many times a second.
      this.#rows.length = first
      for (const row of [...known.values()].sort((left, right) => left.time - right.time)) this.#rows.push(row)
    }
    return { changed, opened: (changed.at(-1)?.time ?? last) > last }
  }

  /** Index of the first row that does not open before a time. */
  #firstFrom(time: number | undefined): number {
    if (time === undefined) return this.#rows.length
    let index = this.#rows.length
    while (index > 0 && (this.#rows[index - 1]?.time ?? time) >= time) index--
    return index
  }
}

const isSame = (one: Candle, other: Candle): boolean =>
  one.open === other.open &&
  one.high === other.high &&
  one.low === other.low &&
  one.close === other.close &&
  one.volume === other.volume &&
  one.quoteVolume === other.quoteVolume &&
  one.trades === other.trades &&
  one.takerBuyBaseVolume === other.takerBuyBaseVolume &&
  one.takerBuyQuoteVolume === other.takerBuyQuoteVolume
