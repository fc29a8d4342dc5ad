import type { Instrument } from '../engine/instruments.ts'
import { hash, hashText, sequence } from '../random.ts'
import { loadSeries, type Minute } from './series.ts'

/** A public trade: price in ticks, quantity in lots. */
export interface Trade {
  readonly id: number
  readonly time: number
  readonly price: number
  readonly lots: number
  readonly buyerIsMaker: boolean
}

/** From `from` on, the replayed prices are pinned to one price, moved by a distance, or free again. */
export type PriceControl =
  | { readonly from: number; readonly kind: 'pin'; readonly price: number }
  | { readonly from: number; readonly kind: 'shift'; readonly ticks: number }
  | { readonly from: number; readonly kind: 'free' }

export const minuteLength = 60_000
/** The exchange's first day: there are no klines or trades before it. */
export const listedAt = Date.UTC(2021, 0, 1)
const slotsPerMinute = 60
/** Room between two replayed trade ids for the trades printed through the control API. */
const idRoom = 1024

interface MinutePath {
  readonly offsets: readonly number[]
  readonly prices: readonly number[]
  readonly lots: readonly number[]
  readonly sellerTakes: readonly boolean[]
}

/** Open → low → high → close in a rising minute, open → high → low → close in a falling one, wandering in between. */
const pricePath = (minute: Minute, count: number, random: () => number): number[] => {
  const rising = minute.close >= minute.open
  const first = 1 + Math.floor(random() * (count / 2 - 1))
  const second = first + 1 + Math.floor(random() * Math.max(1, count - 2 - first - 1))
  const anchors: [number, number][] = [
    [0, minute.open],
    [first, rising ? minute.low : minute.high],
    [second, rising ? minute.high : minute.low],
    [count - 1, minute.close],
  ]
  const prices: number[] = [minute.open]
  for (let leg = 1; leg < anchors.length; leg++) {
    const [from, start] = anchors[leg - 1] as [number, number]
    const [to, end] = anchors[leg] as [number, number]
    const noise = (minute.high - minute.low) * 0.1
    for (let i = from + 1; i < to; i++) {
      const straight = start + ((end - start) * (i - from)) / (to - from)
      const price = Math.round(straight + (random() - 0.5) * noise)
      prices.push(Math.min(minute.high, Math.max(minute.low, price)))
    }
    prices.push(end)
  }
  return prices
}

/** `total` lots in `count` parts of at least one. */
const split = (total: number, count: number, random: () => number): number[] => {
  const weights = Array.from({ length: count }, () => 0.05 + random() ** 3)
  const sum = weights.reduce((a, b) => a + b, 0)
  const parts = weights.map((weight) => 1 + Math.floor(((total - count) * weight) / sum))
  const rest = total - parts.reduce((a, b) => a + b, 0)
  parts[count - 1] = (parts[count - 1] ?? 0) + rest
  return parts
}

/**
 * The trades of one instrument: a pure function of time, seed and the price controls applied so far. What has happened
 * never changes, because a control acts on later trades only.
 */
export class Tape {
  readonly instrument: Instrument
  readonly #seed: number
  readonly #series: readonly Minute[]
  readonly #paths: (MinutePath | undefined)[]
  readonly #controls: PriceControl[] = []
  readonly #prints: Trade[] = []

  constructor(instrument: Instrument, seed: number) {
    this.instrument = instrument
    this.#seed = hash(seed, hashText(instrument.key))
    this.#series = loadSeries(instrument)
    this.#paths = new Array(this.#series.length)
  }

  /** Minutes after which the untouched replay repeats itself. */
  get period(): number {
    return this.#series.length
  }

  phase(minute: number): number {
    return minute % this.#series.length
  }

  /** The recorded candle a minute is made of. */
  recorded(minute: number): Minute {
    return this.#series[this.phase(minute)] as Minute
  }

  addControl(control: PriceControl): void {
    this.#controls.push(control)
  }

  /** The price the recording alone would have at a time. */
  replayedPrice(time: number): number {
    const minute = Math.floor(time / minuteLength)
    const path = this.path(minute)
    const at = path.offsets.findLastIndex((offset) => minute * minuteLength + offset <= time)
    return path.prices[at] as number
  }

  addPrint(trade: Trade): void {
    this.#prints.push(trade)
  }

  /** The id of a trade printed at `time`, behind every trade known until then. */
  nextPrintId(time: number): number {
    const minute = Math.floor(time / minuteLength)
    const before = this.path(minute).offsets.filter((offset) => minute * minuteLength + offset <= time).length
    const replayed = (minute * slotsPerMinute + before - 1) * idRoom
    const last = this.#prints.at(-1)?.id ?? 0
    return Math.max(replayed, last) + 1
  }

  /** Whether a minute holds anything but the recording. */
  touched(minute: number): boolean {
    const start = minute * minuteLength
    const end = start + minuteLength
    let active = false
    for (const control of this.#controls) {
      if (control.from >= end) break
      if (control.from <= start) active = control.kind !== 'free'
      else if (control.kind !== 'free' || active) return true
    }
    return active || this.#prints.some((print) => print.time >= start && print.time < end)
  }

  path(minute: number): MinutePath {
    const phase = this.phase(minute)
    const known = this.#paths[phase]
    if (known) return known
    const recorded = this.#series[phase] as Minute
    const random = sequence(hash(this.#seed, phase))
    const count = Math.min(slotsPerMinute, recorded.lots)
    const prices = pricePath(recorded, count, random)
    const slot = minuteLength / count
    const made: MinutePath = {
      prices,
      lots: split(recorded.lots, count, random),
      offsets: prices.map((_, i) => (i === 0 ? 0 : Math.floor(slot * (i + random())))),
      sellerTakes: prices.map((price, i) => {
        const before = i === 0 ? price : (prices[i - 1] as number)
        return price === before ? random() < 0.5 : price < before
      }),
    }
    this.#paths[phase] = made
    return made
  }

  /** Trades with `from <= time < to`, oldest first. */
  *trades(from: number, to: number): Generator<Trade> {
    const first = Math.max(from, listedAt)
    let print = lowerBound(this.#prints, first)
    for (let minute = Math.floor(first / minuteLength); minute * minuteLength < to; minute++) {
      const path = this.path(minute)
      for (let i = 0; i < path.offsets.length; i++) {
        const time = minute * minuteLength + (path.offsets[i] as number)
        while (print < this.#prints.length && (this.#prints[print] as Trade).time < Math.min(time, to))
          yield this.#prints[print++] as Trade
        if (time < first || time >= to) continue
        yield this.#replayed(minute, i, time, path)
      }
    }
    while (print < this.#prints.length && (this.#prints[print] as Trade).time < to) yield this.#prints[print++] as Trade
  }

  /** The last trade at or before a time. */
  last(time: number): Trade {
    const minute = Math.floor(time / minuteLength)
    const path = this.path(minute)
    let i = path.offsets.length - 1
    while (i > 0 && minute * minuteLength + (path.offsets[i] as number) > time) i--
    const replayed = this.#replayed(minute, i, minute * minuteLength + (path.offsets[i] as number), path)
    const print = this.#prints[lowerBound(this.#prints, time + 1) - 1]
    return print !== undefined && print.time >= replayed.time ? print : replayed
  }

  #replayed(minute: number, i: number, time: number, path: MinutePath): Trade {
    return {
      id: (minute * slotsPerMinute + i) * idRoom,
      time,
      price: this.#controlled(time, path.prices[i] as number),
      lots: path.lots[i] as number,
      buyerIsMaker: path.sellerTakes[i] as boolean,
    }
  }

  #controlled(time: number, price: number): number {
    for (let i = this.#controls.length - 1; i >= 0; i--) {
      const control = this.#controls[i] as PriceControl
      if (control.from > time) continue
      if (control.kind === 'pin') return control.price
      return control.kind === 'shift' ? Math.max(1, price + control.ticks) : price
    }
    return price
  }
}

/** The lowest and highest time a trade id can belong to. */
export const timeOfTradeId = (id: number): number => Math.floor(id / idRoom / slotsPerMinute) * minuteLength

const lowerBound = (prints: readonly Trade[], time: number): number => {
  let low = 0
  let high = prints.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((prints[middle] as Trade).time < time) low = middle + 1
    else high = middle
  }
  return low
}
