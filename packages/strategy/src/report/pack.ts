import type { PackedCandles, PackedIntegers, PackedNumbers, PackedTimes, PackedValues } from './browser/report-data.ts'
import type { ReportCandles } from './report.ts'

/** Digits that a chart can show and a reader can use. */
const DIGITS = 7
/** A table shows single values beside large ones. */
const TABLE_DIGITS = 10
/** Few enough for `String.fromCharCode`, and whole groups of three bytes, so that parts of base64 can be joined. */
const CHUNK = 3 * 8192

/** The most bytes that a safe integer takes. */
const WIDEST = 8

/** Integers as bytes in base64: seven bits a byte, the sign in the lowest bit, the least weighty first. */
export const packIntegers = (values: ArrayLike<number>): PackedIntegers => {
  const bytes = new Uint8Array(CHUNK + WIDEST)
  let text = ''
  let length = 0
  for (let at = 0; at < values.length; at++) {
    const value = values[at] ?? 0
    let rest = value < 0 ? -2 * value - 1 : 2 * value
    while (rest >= 128) {
      bytes[length++] = (rest % 128) + 128
      rest = Math.floor(rest / 128)
    }
    bytes[length++] = rest
    if (length < CHUNK) continue
    text += base64(bytes.subarray(0, CHUNK))
    bytes.copyWithin(0, CHUNK, length)
    length -= CHUNK
  }
  return text + base64(bytes.subarray(0, length))
}

// Spread, the bytes would be iterated one by one.
const base64 = (bytes: Uint8Array): string => btoa(Reflect.apply(String.fromCharCode, null, bytes))

/** Times of a series, oldest first; candles follow each other at few different distances. */
export const packTimes = (times: Float64Array, length: number): PackedTimes => {
  const runs: number[] = []
  for (let row = 1; row < length; row++) {
    const step = Math.round((times[row] ?? 0) - (times[row - 1] ?? 0))
    if (runs.at(-2) === step) runs[runs.length - 1] = (runs.at(-1) ?? 0) + 1
    else runs.push(step, 1)
  }
  return { first: Math.round(times[0] ?? 0), rows: length, runs: packIntegers(runs) }
}

/** Numbers rounded to what a chart can show of the largest of them. Those that are no numbers count as 0. */
export const packNumbers = (values: Float64Array, length: number): PackedNumbers => {
  const decimals = decimalsOf([values], length, DIGITS)
  const unit = 10 ** decimals
  return { decimals, values: packIntegers(differences(values, length, unit)) }
}

/** Numbers of a table, of which many are 0. */
export const packValues = (numbers: readonly number[]): PackedValues => {
  const values = Float64Array.from(numbers)
  const decimals = decimalsOf([values], values.length, TABLE_DIGITS)
  const unit = 10 ** decimals
  return { decimals, values: packIntegers(numbers.map((value) => scaled(value, unit))) }
}

/** Whole numbers of which neighbours are near to each other. */
export const packSteps = (values: readonly number[]): PackedIntegers =>
  packIntegers(values.map((value, index) => Math.round(value) - Math.round(values[index - 1] ?? 0)))

export const packCandles = ({ length, timestamp, open, high, low, close }: ReportCandles): PackedCandles => {
  const decimals = decimalsOf([open, high, low, close], length, DIGITS)
  const unit = 10 ** decimals
  const [opens, highs, lows] = [new Float64Array(length), new Float64Array(length), new Float64Array(length)]
  let before = 0
  for (let row = 0; row < length; row++) {
    const [first, last] = [scaled(open[row], unit), scaled(close[row], unit)]
    opens[row] = first - before
    highs[row] = scaled(high[row], unit) - Math.max(first, last)
    lows[row] = Math.min(first, last) - scaled(low[row], unit)
    before = last
  }
  return {
    times: packTimes(timestamp, length),
    decimals,
    close: packIntegers(differences(close, length, unit)),
    open: packIntegers(opens),
    high: packIntegers(highs),
    low: packIntegers(lows),
  }
}

const differences = (values: Float64Array, length: number, unit: number): Float64Array => {
  const steps = new Float64Array(length)
  let before = 0
  for (let row = 0; row < length; row++) {
    const value = scaled(values[row], unit)
    steps[row] = value - before
    before = value
  }
  return steps
}

/** Differences of two such are safe integers. */
const MOST = 2 ** 51

const scaled = (value: number | undefined, unit: number): number => {
  if (value === undefined || !Number.isFinite(value)) return 0
  return Math.min(Math.max(Math.round(value * unit), -MOST), MOST)
}

/** As many as the numbers have themselves, but no more than leave the largest its digits. */
const decimalsOf = (columns: readonly Float64Array[], length: number, digits: number): number => {
  let largest = 0
  for (const column of columns) {
    for (let row = 0; row < length; row++) {
      const size = Math.abs(column[row] ?? 0)
      if (size > largest && size !== Number.POSITIVE_INFINITY) largest = size
    }
  }
  if (largest === 0) return 0
  const most = Math.min(Math.max(digits - 1 - Math.floor(Math.log10(largest)), 0), 15)
  for (let decimals = 0; decimals < most; decimals++) {
    if (columns.every((column) => isWhole(column, length, 10 ** decimals))) return decimals
  }
  return most
}

const isWhole = (column: Float64Array, length: number, unit: number): boolean => {
  for (let row = 0; row < length; row++) {
    const value = (column[row] ?? 0) * unit
    if (Math.abs(value - Math.round(value)) > 1e-9 * Math.abs(value)) return false
  }
  return true
}
