import type { PackedCandles, PackedIntegers, PackedNumbers, PackedTimes, PackedValues } from './browser/report-data.ts'
import type { ReportCandles } from './report.ts'

/** Digits that a chart can show and a reader can use. */
const DIGITS = 7
/** A table shows single values beside large ones. */
const TABLE_DIGITS = 10
/** Few enough for `String.fromCharCode`, and whole groups of three bytes, so that parts of base64 can be joined. */
const CHUNK = 3 * 8192

/** Integers as bytes in base64: seven bits a byte, the sign in the lowest bit, the least weighty first. */
export const packIntegers = (values: Iterable<number>): PackedIntegers => {
  const bytes: number[] = []
  for (const value of values) {
    let rest = value < 0 ? -2 * value - 1 : 2 * value
    while (rest >= 128) {
      bytes.push((rest % 128) + 128)
      rest = Math.floor(rest / 128)
    }
    bytes.push(rest)
  }
  let text = ''
  for (let at = 0; at < bytes.length; at += CHUNK) text += btoa(String.fromCharCode(...bytes.slice(at, at + CHUNK)))
  return text
}

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
  const opens: number[] = []
  const highs: number[] = []
  const lows: number[] = []
  let before = 0
  for (let row = 0; row < length; row++) {
    const [first, most, least, last] = [open, high, low, close].map((column) => scaled(column[row], unit)) as [
      number,
      number,
      number,
      number,
    ]
    opens.push(first - before)
    highs.push(most - Math.max(first, last))
    lows.push(Math.min(first, last) - least)
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

const differences = function* (values: Float64Array, length: number, unit: number): Generator<number> {
  let before = 0
  for (let row = 0; row < length; row++) {
    const value = scaled(values[row], unit)
    yield value - before
    before = value
  }
}

const scaled = (value: number | undefined, unit: number): number =>
  value === undefined || !Number.isFinite(value) ? 0 : Math.round(value * unit)

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
