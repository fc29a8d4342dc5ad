import { createHash } from 'node:crypto'
import { gunzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { UploadedCandles } from '@colibri/contracts'
import type { Candles } from '@colibri/strategy'
import { CandleColumns } from './candle-rows.ts'
import { secondsOf } from './interval.ts'

/** What is wrong with uploaded candles. */
export class BadCandles extends Error {
  override readonly name = 'BadCandles'
}

/** Columns of a file by the names they may have, in the order of a row. */
const NAMES: readonly (readonly string[])[] = [
  ['timestamp', 'timestamp_s', 'time'],
  ['open'],
  ['high'],
  ['low'],
  ['close'],
  ['volume'],
  ['quote_asset_volume', 'quote_volume'],
  ['n_trades', 'trades'],
  ['taker_buy_base_volume', 'taker_base_volume'],
  ['taker_buy_quote_volume', 'taker_quote_volume'],
]
const REQUIRED = 6
/** Seconds: a time this large is meant in milliseconds. */
const FIRST_MILLISECOND = 1e11
/** A small file may hold a great deal of the same: no more is unzipped. A row of ten long numbers takes 180. */
const BYTES_OF_ROW = 200
const BYTES_OF_LINE = 10_000

/** Candles of a request as columns. Throws `BadCandles`. */
export const readUpload = ({ interval, rows, csv, csv_gz: zipped }: UploadedCandles, mostRows: number): Candles => {
  const seconds = secondsOf(interval)
  if (seconds === undefined) throw new BadCandles(`'${interval}' is no candle interval; give one like 5m, 1h or 1d`)
  if (rows !== null) return collect(rows, seconds, mostRows)
  const lines = linesOf(csv === null ? unzipped(zipped ?? '', mostRows) : Buffer.from(csv))
  const first: { readonly text: string } | undefined = lines.next().value
  const header = (first?.text ?? '').toLowerCase().split(',')
  const found = NAMES.map((names) => header.findIndex((name) => names.includes(name.trim())))
  const missing = NAMES.slice(0, REQUIRED).flatMap((names, n) => ((found[n] ?? -1) < 0 ? [names[0]] : []))
  if (missing.length > 0) throw new BadCandles(`the first line has no column ${missing.join(', ')}`)
  return collect(fieldsOf(lines, found), seconds, mostRows)
}

interface Line {
  /** The first is 1. */
  readonly number: number
  /** Without what is blank around it. */
  readonly text: string
}

const NEWLINE = 10
/** A space, and from a tab to a carriage return. */
const isBlank = (byte: number | undefined): boolean => byte === 32 || (byte !== undefined && byte >= 9 && byte <= 13)

/** The lines of a file: the first, and each of the others that is not blank. No more is read than is asked for. */
function* linesOf(bytes: Buffer): Generator<Line, undefined> {
  let number = 1
  for (let from = 0; from < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, from)
    const to = newline < 0 ? bytes.length : newline
    if (to - from > BYTES_OF_LINE) throw new BadCandles(`line ${number} is longer than ${BYTES_OF_LINE} bytes`)
    // A byte order mark is blank as well.
    yield { number, text: bytes.toString('utf8', from, to).trim() }
    number += 1
    from = to + 1
    for (; isBlank(bytes[from]); from++) if (bytes[from] === NEWLINE) number += 1
  }
}

function* fieldsOf(lines: Iterable<Line>, columns: readonly number[]): Generator<readonly number[]> {
  const width = Math.max(...columns) + 1
  for (const { number, text } of lines) {
    const fields = text.split(',', width)
    // A column that is not there is zero, as a venue's is that does not tell it.
    yield columns.map((column) => (column < 0 ? 0 : numberOf(fields[column], number)))
  }
}

const numberOf = (field: string | undefined, line: number): number => {
  const value = field === undefined || field.trim() === '' ? Number.NaN : Number(field)
  if (!Number.isFinite(value)) throw new BadCandles(`line ${line}: '${(field ?? '').slice(0, 40)}' is no number`)
  return value
}

const collect = (rows: Iterable<readonly number[]>, seconds: number, mostRows: number): Candles => {
  const columns = new CandleColumns(NAMES.length)
  let smallest = Number.POSITIVE_INFINITY
  for (const row of rows) {
    const before = columns.lastTime
    const [first = 0, open = 0, high = 0, low = 0, close = 0] = row
    const time = first >= FIRST_MILLISECOND ? first / 1_000 : first
    columns.push(time, row)
    if (high < low) throw new BadCandles(`the candle at ${time} has a high of ${high} below its low of ${low}`)
    if (row.some((value) => value < 0)) throw new BadCandles(`the candle at ${time} has a number below zero`)
    for (const [name, price] of [['open', open] as const, ['close', close] as const])
      if (price > high || price < low)
        throw new BadCandles(
          `the candle at ${time} has a ${name} of ${price}, not between its low ${low} and high ${high}`,
        )
    if (time <= before)
      throw new BadCandles(`the candle at ${time} comes after one at ${before}: give the oldest first`)
    smallest = Math.min(smallest, time - before)
    if (columns.length > mostRows)
      throw new BadCandles(`there are more than ${mostRows} candles, the most of a backtest`)
  }
  if (columns.length === 0) throw new BadCandles('there are no candles')
  if (columns.length > 1 && smallest !== seconds && !isMonths(seconds))
    throw new BadCandles(`the candles are ${smallest} s apart, those of this interval ${seconds} s`)
  return columns.done()
}

/** Of which no two are the same. */
const isMonths = (seconds: number): boolean => seconds % (31 * 86_400) === 0

const unzipped = (base64: string, mostRows: number): Buffer => {
  const maxOutputLength = mostRows * BYTES_OF_ROW + BYTES_OF_LINE
  try {
    return gunzipSync(Buffer.from(base64, 'base64'), { maxOutputLength })
  } catch {
    throw new BadCandles('csv_gz is no gzipped file in base64, or too large')
  }
}

/** Candles as bytes, and back. */
export const packed = (candles: Candles): Buffer => {
  const { timestamp, open, high, low, close, volume, extra } = candles
  const columns = [timestamp, open, high, low, close, volume, ...extra.values()]
  const head = Buffer.from(Float64Array.of(columns.length, candles.length).buffer)
  const parts = columns.map((column) => Buffer.from(column.buffer, column.byteOffset, column.byteLength))
  return zstdCompressSync(Buffer.concat([head, ...parts]))
}

export const unpacked = (bytes: Uint8Array): Candles => {
  const numbers = new Float64Array(Uint8Array.from(zstdDecompressSync(bytes)).buffer)
  const [width = 0, length = 0] = numbers
  const columns = new CandleColumns(width)
  const row = new Array<number>(width)
  for (let n = 0; n < length; n++) {
    for (let column = 0; column < width; column++) row[column] = numbers[2 + column * length + n] ?? 0
    columns.push(row[0] ?? 0, row)
  }
  return columns.done()
}

/** The same candles have the same id. */
export const uploadId = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex').slice(0, 32)
