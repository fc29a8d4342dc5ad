import type { Candles } from '../candles.ts'

const NAMES = ['timestamp', 'open', 'high', 'low', 'close', 'volume'] as const

/** Candles from rows of timestamp, open, high, low, close, volume; whatever follows is left out. */
export const candlesOf = (rows: readonly (readonly number[])[]): Candles => {
  const column = (n: number) => Float64Array.from(rows, (row) => row[n] ?? Number.NaN)
  return {
    length: rows.length,
    timestamp: column(0),
    open: column(1),
    high: column(2),
    low: column(3),
    close: column(4),
    volume: column(5),
    extra: new Map(),
  }
}

/** Candles from a file with a header that names their columns, in any order. */
export const candlesOfCsv = (text: string): Candles => {
  const [header = '', ...lines] = text.trim().split(/\r?\n/)
  const names = header.split(',').map((name) => name.trim().replace(/^timestamp_s$/, 'timestamp'))
  const places = NAMES.map((name) => names.indexOf(name))
  const missing = NAMES.filter((_, n) => places[n] === -1)
  if (missing.length > 0) throw new Error(`the series has no column ${missing.join(', ')}`)
  const columns = NAMES.map(() => new Float64Array(lines.length))
  lines.forEach((line, row) => {
    const values = line.split(',')
    columns.forEach((column, n) => {
      column[row] = Number(values[places[n] ?? -1])
    })
  })
  const [timestamp = NONE, open = NONE, high = NONE, low = NONE, close = NONE, volume = NONE] = columns
  return { length: lines.length, timestamp, open, high, low, close, volume, extra: new Map() }
}

const NONE = new Float64Array()

/** The candles of a longer interval, in seconds: each from those that begin in it. */
export const longerCandles = (candles: Candles, seconds: number): Candles => {
  const rows: [number, number, number, number, number, number][] = []
  for (let n = 0; n < candles.length; n++) {
    const begin = Math.floor((candles.timestamp[n] ?? 0) / seconds) * seconds
    const [open, high, low] = [candles.open[n] ?? 0, candles.high[n] ?? 0, candles.low[n] ?? 0]
    const [close, volume] = [candles.close[n] ?? 0, candles.volume[n] ?? 0]
    const row = rows.at(-1)
    if (row?.[0] !== begin) rows.push([begin, open, high, low, close, volume])
    else rows[rows.length - 1] = [begin, row[1], Math.max(row[2], high), Math.min(row[3], low), close, row[5] + volume]
  }
  return candlesOf(rows)
}

/** The first rows of a series. */
export const firstRows = (candles: Candles, rows: number): Candles => ({
  length: Math.min(rows, candles.length),
  timestamp: candles.timestamp.subarray(0, rows),
  open: candles.open.subarray(0, rows),
  high: candles.high.subarray(0, rows),
  low: candles.low.subarray(0, rows),
  close: candles.close.subarray(0, rows),
  volume: candles.volume.subarray(0, rows),
  extra: new Map([...candles.extra].map(([name, column]) => [name, column.subarray(0, rows)])),
})

/** A series with the columns a venue adds, all zero. */
export const withEmptyExtras = (candles: Candles): Candles => ({
  ...candles,
  extra: new Map(
    ['quote_asset_volume', 'n_trades', 'taker_buy_base_volume', 'taker_buy_quote_volume'].map((name) => [
      name,
      new Float64Array(candles.length),
    ]),
  ),
})
