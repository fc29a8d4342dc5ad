import type { Candles } from '../candles.ts'
import type { Features } from './controller.ts'

export type Column = readonly [name: string, values: Float64Array]

/** The candles themselves, then what was derived from them: the order of columns that users know. */
export const candleFeatures = (candles: Candles, derived: readonly Column[]): Features => {
  const { timestamp, open, high, low, close, volume, extra } = candles
  return {
    timestamp,
    columns: new Map([...Object.entries({ timestamp, open, high, low, close, volume }), ...extra, ...derived]),
  }
}

/** A number as it is part of a column's name: with a decimal point, `2.0`. */
export const inName = (value: number): string => (Number.isInteger(value) ? value.toFixed(1) : String(value))
