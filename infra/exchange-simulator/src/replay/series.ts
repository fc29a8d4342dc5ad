import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { Instrument } from '../engine/instruments.ts'

/** One minute of a series in ticks and lots. */
export interface Minute {
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly lots: number
}

const dataFolder = new URL('../../data/', import.meta.url)
const files = new Map<string, readonly number[][]>()

const readFile = (name: string): readonly number[][] => {
  const known = files.get(name)
  if (known) return known
  const rows = gunzipSync(readFileSync(new URL(name, dataFolder)))
    .toString('utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(',').map(Number))
  files.set(name, rows)
  return rows
}

/**
 * The candles of an instrument as an endless series without a jump: the recorded minutes forwards, then backwards (open
 * and close swapped), and so on. The result is one period; missing minutes of a recording are closed up.
 */
export const loadSeries = (instrument: Instrument): readonly Minute[] => {
  const perTick = 10 ** instrument.priceDecimals * instrument.scale
  const perLot = 10 ** instrument.quantityDecimals / instrument.scale
  const forwards = readFile(instrument.series).map(([, open, high, low, close, volume]) => ({
    open: Math.round((open ?? 0) * perTick),
    high: Math.round((high ?? 0) * perTick),
    low: Math.round((low ?? 0) * perTick),
    close: Math.round((close ?? 0) * perTick),
    // Open, high, low and close each need a trade of their own.
    lots: Math.max(4, Math.round((volume ?? 0) * perLot)),
  }))
  const backwards = forwards.toReversed().map((minute) => ({ ...minute, open: minute.close, close: minute.open }))
  return [...forwards, ...backwards]
}
