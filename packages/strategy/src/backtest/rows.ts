import type { Candles } from '../candles.ts'

/** How many of the ascending `times` are below `time`. */
const countBelow = (times: Float64Array, time: number): number => {
  let [low, high] = [0, times.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((times[middle] ?? Number.NaN) < time) low = middle + 1
    else high = middle
  }
  return low
}

/** How many of the ascending `times` are not above `time`. */
export const countUpTo = (times: Float64Array, time: number): number => {
  let [low, high] = [0, times.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((times[middle] ?? Number.NaN) <= time) low = middle + 1
    else high = middle
  }
  return low
}

/** The shortest time from one row to the next: what a candle lasts, whatever gaps a series has. Infinite below two. */
export const spacing = (times: Float64Array): number => {
  let shortest = Number.POSITIVE_INFINITY
  for (let n = 1; n < times.length; n++) {
    const seconds = (times[n] as number) - (times[n - 1] as number)
    if (seconds < shortest) shortest = seconds
  }
  return shortest
}

/** Every column of a series made anew; the columns share their memory where `change` lets them. */
export const mapColumns = (candles: Candles, change: (column: Float64Array) => Float64Array): Candles => {
  const timestamp = change(candles.timestamp)
  return {
    length: timestamp.length,
    timestamp,
    open: change(candles.open),
    high: change(candles.high),
    low: change(candles.low),
    close: change(candles.close),
    volume: change(candles.volume),
    extra: new Map([...candles.extra].map(([name, column]) => [name, change(column)])),
  }
}

/** The rows with `from <= timestamp <= to`, without a copy. */
export const cutOut = (candles: Candles, from: number, to: number): Candles => {
  const begin = countBelow(candles.timestamp, from)
  const end = Math.max(begin, countUpTo(candles.timestamp, to))
  return begin === 0 && end === candles.length ? candles : mapColumns(candles, (column) => column.subarray(begin, end))
}

/** The rows of an ascending list, without a copy where they follow one another; NaN for a row of -1. */
export const pick = (rows: Int32Array): ((column: Float64Array) => Float64Array) => {
  const first = rows[0] ?? 0
  if (first >= 0 && isSuccession(rows, first)) return (column) => column.subarray(first, first + rows.length)
  return (column) => {
    const picked = new Float64Array(rows.length)
    for (let n = 0; n < rows.length; n++) picked[n] = column[rows[n] ?? -1] ?? Number.NaN
    return picked
  }
}

const isSuccession = (rows: Int32Array, first: number): boolean => {
  for (let n = 0; n < rows.length; n++) if (rows[n] !== first + n) return false
  return true
}
