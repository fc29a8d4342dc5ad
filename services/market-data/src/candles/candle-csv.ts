import { timeText } from './candle-range.ts'
import { durationOf, endTimeOf, openTimeOf } from './intervals.ts'

/** Columns of a file by the names they may have, as Postgres calls them, in the order they are loaded. */
const COLUMNS = [
  { column: 'time', names: ['timestamp', 'timestamp_s', 'time'], required: true },
  { column: 'open', names: ['open'], required: true },
  { column: 'high', names: ['high'], required: true },
  { column: 'low', names: ['low'], required: true },
  { column: 'close', names: ['close'], required: true },
  { column: 'volume', names: ['volume'], required: true },
  { column: 'quote_volume', names: ['quote_asset_volume', 'quote_volume'], required: false },
  { column: 'trades', names: ['n_trades', 'trades'], required: false },
  { column: 'taker_base_volume', names: ['taker_buy_base_volume', 'taker_base_volume'], required: false },
  { column: 'taker_quote_volume', names: ['taker_buy_quote_volume', 'taker_quote_volume'], required: false },
] as const

/** The header of an exported file. */
export const EXPORT_HEADER = COLUMNS.map(({ names }) => names[0]).join(',')

export type CandleColumn = (typeof COLUMNS)[number]['column']

/** In the order in which `CandleCsv` gives them. */
export const CANDLE_COLUMNS: readonly CandleColumn[] = COLUMNS.map(({ column }) => column)

/** What is wrong with a file, line by line. */
export class CandleFileInvalid extends Error {
  override readonly name = 'CandleFileInvalid'
  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'))
  }
}

/** Problems are collected up to this many; behind that they are more of the same. */
const MOST_PROBLEMS = 20
/** The year 5138 in seconds, March 1973 in milliseconds. */
const FIRST_MILLISECOND = 1e11
const NUMBER = /^\d+(?:\.\d*)?(?:[eE][+-]?\d{1,3})?$/

/** Reads a file line by line: checks every row and gives it as a line for COPY. */
export class CandleCsv {
  readonly #interval: string
  readonly #now: number
  readonly #problems: string[] = []
  #line = 0
  /** Where each of `COLUMNS` is in a line; -1 where the file has it not. */
  #indices: readonly number[] = []
  #width = 0
  #smallestStep = Number.POSITIVE_INFINITY
  #lastLine = 0
  /** Of the rows read so far, epoch milliseconds. */
  first: number | undefined
  last: number | undefined
  rows = 0
  /** Those of the file. */
  columns: readonly CandleColumn[] = []

  constructor(interval: string, now: number) {
    this.#interval = interval
    this.#now = now
  }

  /** The row as tab-separated text of all columns, 0 for those the file has not; `undefined` for the header, empty lines and bad rows. */
  take(raw: string): string | undefined {
    this.#line++
    const text = raw.trim()
    if (this.columns.length === 0) {
      this.#header(text.replace(/^\uFEFF/, ''))
      return undefined
    }
    if (text === '') return undefined
    const fields = text.split(',').map(unquoted)
    const problem = this.#wrong(fields)
    if (problem === undefined) return this.#row(fields)
    this.#problems.push(`line ${this.#line}: ${problem}`)
    if (this.#problems.length >= MOST_PROBLEMS) {
      this.#problems.push('… and perhaps more')
      this.#fail()
    }
    return undefined
  }

  /** Throws `CandleFileInvalid` when anything was wrong. */
  end(): void {
    if (this.columns.length === 0) this.#problems.push(`the file is empty: its first line must be ${EXPORT_HEADER}`)
    else if (this.rows === 0 && this.#problems.length === 0) this.#problems.push('the file has a header and no rows')
    else if (this.rows > 2 && this.#smallestStep > durationOf(this.#interval))
      this.#problems.push(
        `rows are ${this.#smallestStep / 1000} seconds apart or more, so these are no ${this.#interval} candles: ` +
          'give the interval they have',
      )
    if (this.#problems.length > 0) this.#fail()
  }

  #fail(): never {
    throw new CandleFileInvalid(this.#problems)
  }

  #header(text: string): void {
    const fields = text.split(',').map((name) => unquoted(name).toLowerCase())
    const found = COLUMNS.map((column) => ({
      ...column,
      index: fields.findIndex((name) => isOneOf(name, column.names)),
    }))
    const missing = found.filter(({ required, index }) => required && index < 0).map(({ names }) => names[0])
    const strange = fields.filter((name) => !COLUMNS.some(({ names }) => isOneOf(name, names)))
    if (missing.length > 0 || strange.length > 0) {
      const what = [
        ...(missing.length > 0 ? [`has no column ${missing.join(', ')}`] : []),
        ...(strange.length > 0 ? [`has unknown columns ${strange.join(', ')}`] : []),
      ].join(' and ')
      this.#problems.push(`line ${this.#line}: the header ${what}; it must be ${EXPORT_HEADER}, the last four optional`)
      this.#fail()
    }
    this.columns = found.filter(({ index }) => index >= 0).map(({ column }) => column)
    this.#indices = found.map(({ index }) => index)
    this.#width = fields.length
  }

  #wrong(fields: readonly string[]): string | undefined {
    if (fields.length !== this.#width) return `${fields.length} fields instead of ${this.#width}`
    for (const [position, index] of this.#indices.entries()) {
      const field = fields[index] ?? '0'
      if (!NUMBER.test(field) || !Number.isFinite(Number(field)))
        return `${COLUMNS[position]?.names[0]} is '${field.slice(0, 40)}' and must be a number that is not negative`
    }
    return this.#wrongTime(this.#number(fields, 0)) ?? this.#wrongPrices(fields)
  }

  #wrongTime(seconds: number): string | undefined {
    if (seconds >= FIRST_MILLISECOND) return `time ${seconds} is not in seconds`
    const time = seconds * 1000
    const open = openTimeOf(this.#interval, time)
    if (open !== time)
      return `time ${seconds} (${timeText(Math.floor(time))}) is no ${this.#interval} candle; the one it lies in opens at ${open / 1000}`
    if (endTimeOf(this.#interval, time) > this.#now)
      return `time ${seconds} (${timeText(time)}): the candle is not closed yet; only closed candles can be imported`
    if (this.last !== undefined && time <= this.last)
      return (
        `time ${seconds} (${timeText(time)}) is not after ${this.last / 1000} in line ${this.#lastLine}; ` +
        'rows must be in order, one for each time'
      )
    return undefined
  }

  #wrongPrices(fields: readonly string[]): string | undefined {
    const [open = 0, high = 0, low = 0, close = 0] = [1, 2, 3, 4].map((position) => this.#number(fields, position))
    const [most, least] = [Math.max(open, low, close), Math.min(open, high, close)]
    if (Math.min(open, high, low, close) <= 0) return 'prices must be more than 0'
    if (high < most) return `high is ${high} and must be at least ${most}, the highest of open, low and close`
    if (low > least) return `low is ${low} and must be at most ${least}, the lowest of open, high and close`
    return undefined
  }

  #number(fields: readonly string[], position: number): number {
    return Number(fields[this.#indices[position] ?? -1])
  }

  #row(fields: readonly string[]): string {
    const time = this.#number(fields, 0) * 1000
    if (this.last !== undefined) this.#smallestStep = Math.min(this.#smallestStep, time - this.last)
    this.first ??= time
    this.last = time
    this.#lastLine = this.#line
    this.rows++
    let text = String(time)
    for (let position = 1; position < this.#indices.length; position++)
      text += `\t${fields[this.#indices[position] ?? -1] ?? '0'}`
    return text
  }
}

/** The times of rows, seconds, none of them checked; empty where the header has no time. */
export const timesIn = ([header = '', ...rows]: readonly string[]): readonly number[] => {
  const names = header
    .trim()
    .replace(/^\uFEFF/, '')
    .split(',')
  const index = names.findIndex((name) => isOneOf(unquoted(name).toLowerCase(), COLUMNS[0].names))
  return index < 0 ? [] : rows.map((row) => Number(unquoted(row.split(',')[index] ?? ''))).filter(Number.isFinite)
}

const isOneOf = (name: string, names: readonly string[]): boolean => names.includes(name)

const unquoted = (field: string): string => field.trim().replace(/^"(.*)"$/, '$1')
