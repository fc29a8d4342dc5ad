import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import type { Candles } from '@colibri/strategy'
import { candlesOfCsv } from '@colibri/strategy/testing'

export type SeriesName = 'real 5m' | 'looped 1m'

interface Source {
  readonly file: string
  readonly interval: string
  readonly seconds: number
  /** Played forwards, then backwards, and so on until there are so many; as it is where this is not given. */
  readonly rows?: number
}

const path = (name: string): string => fileURLToPath(new URL(`../../../../${name}`, import.meta.url))

const SOURCES: Readonly<Record<SeriesName, Source>> = {
  // Where a checkout has the data beside it.
  'real 5m': { file: path('../shared/data/candles/BTC_USDT_5m_2024-01_2024-09.csv.gz'), interval: '5m', seconds: 300 },
  'looped 1m': {
    file: path('infra/exchange-simulator/data/bybit_BTC_USDT_1m_2022-12-13.csv.gz'),
    interval: '1m',
    seconds: 60,
    rows: 200_000,
  },
}

export const SERIES: readonly SeriesName[] = ['real 5m', 'looped 1m']

export const isAtHand = (name: SeriesName): boolean => existsSync(SOURCES[name].file)

export const intervalOf = (name: SeriesName): string => SOURCES[name].interval

export const loadSeries = (name: SeriesName): Candles => {
  const { file, rows, seconds } = SOURCES[name]
  const recorded = candlesOfCsv(gunzipSync(readFileSync(file)).toString())
  return rows === undefined ? recorded : looped(recorded, rows, seconds)
}

/** Without a jump in the price: on the way back a candle closes where it opened. */
const looped = (candles: Candles, length: number, seconds: number): Candles => {
  const { timestamp, open, high, low, close, volume } = candles
  const period = 2 * candles.length
  const column = (forwards: Float64Array, backwards: Float64Array): Float64Array =>
    new Float64Array(length).map((_, row) => {
      const place = row % period
      return (place < candles.length ? forwards[place] : backwards[period - 1 - place]) ?? Number.NaN
    })
  const begin = timestamp[0] ?? 0
  return {
    length,
    timestamp: new Float64Array(length).map((_, row) => begin + row * seconds),
    open: column(open, close),
    high: column(high, high),
    low: column(low, low),
    close: column(close, open),
    volume: column(volume, volume),
    extra: new Map(),
  }
}
