import type { Candles } from '@colibri/strategy'

/** What candles have beside prices and volume, as backtests call it, in the order of a row. */
const EXTRA = ['quote_asset_volume', 'n_trades', 'taker_buy_base_volume', 'taker_buy_quote_volume'] as const
const WIDTH = 6

/** Rows collected into columns; a row is time, open, high, low, close, volume and up to four more. */
export class CandleColumns {
  #capacity = 4_096
  #columns: Float64Array[]
  #length = 0

  /** `width`: numbers in a row. */
  constructor(private readonly width: number) {
    this.#columns = Array.from({ length: width }, () => new Float64Array(this.#capacity))
  }

  get length(): number {
    return this.#length
  }

  get lastTime(): number {
    return this.#length === 0 ? Number.NEGATIVE_INFINITY : (this.#columns[0]?.[this.#length - 1] ?? 0)
  }

  /** A candle that opens at `time`, seconds; the first number of its row is passed over. */
  push(time: number, row: readonly number[]): void {
    if (this.#length === this.#capacity) this.#grow()
    for (let n = 0; n < this.width; n++) {
      const column = this.#columns[n]
      if (column !== undefined) column[this.#length] = n === 0 ? time : (row[n] ?? 0)
    }
    this.#length += 1
  }

  #grow(): void {
    this.#capacity *= 2
    this.#columns = this.#columns.map((column) => {
      const larger = new Float64Array(this.#capacity)
      larger.set(column)
      return larger
    })
  }

  done(): Candles {
    const [timestamp, open, high, low, close, volume, ...more] = this.#columns.map((column) =>
      column.slice(0, this.#length),
    )
    const none = new Float64Array(0)
    return {
      length: this.#length,
      timestamp: timestamp ?? none,
      open: open ?? none,
      high: high ?? none,
      low: low ?? none,
      close: close ?? none,
      volume: volume ?? none,
      extra: new Map(
        EXTRA.slice(0, this.width - WIDTH).map((name, n): [string, Float64Array] => [name, more[n] ?? none]),
      ),
    }
  }
}

export const bytesOfRows = (rows: number, width: number): number => rows * width * 8

/** The rows that open from `from` to `to`, seconds, both included; the same memory. */
export const between = (candles: Candles, from: number, to: number): Candles => {
  const first = countBefore(candles.timestamp, from)
  const after = countBefore(candles.timestamp, to)
  const end = candles.timestamp[after] === to ? after + 1 : after
  if (first === 0 && end === candles.length) return candles
  const cut = (column: Float64Array): Float64Array => column.subarray(first, end)
  return {
    length: end - first,
    timestamp: cut(candles.timestamp),
    open: cut(candles.open),
    high: cut(candles.high),
    low: cut(candles.low),
    close: cut(candles.close),
    volume: cut(candles.volume),
    extra: new Map([...candles.extra].map(([name, column]) => [name, cut(column)])),
  }
}

/** How many of these, which ascend, lie before a time. */
export const countBefore = (times: Float64Array, time: number): number => {
  let [low, high] = [0, times.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((times[middle] ?? 0) < time) low = middle + 1
    else high = middle
  }
  return low
}
