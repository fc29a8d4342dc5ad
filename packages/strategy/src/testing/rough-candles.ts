import type { Candles } from '../candles.ts'
import { uniform } from './random-walk.ts'
import { candlesOf } from './series.ts'

export interface Rough {
  readonly seed: number
  readonly rows: number
  /** How far a candle's open may lie from the last close, in parts of it; 0: candles without gaps. */
  readonly gap: number
}

/** Prices of three decimals, so that candles now and then close exactly where something was looked for. */
const rounded = (value: number): number => Math.round(value * 1_000) / 1_000

/** Candles as rough as simulators may meet: gaps, long wicks, flat ones, missing minutes. The same for the same seed. */
export const roughCandles = ({ seed, rows, gap }: Rough): Candles => {
  const next = uniform(seed)
  const volatility = 0.001 + 0.004 * next()
  const drift = 0.001 * (next() - 0.5)
  let last = 10
  let timestamp = 1_735_689_600
  return candlesOf(
    Array.from({ length: rows }, () => {
      timestamp += next() < 0.05 ? 300 : 60
      const open = next() < 0.2 ? rounded(last * (1 + gap * (next() - 0.5))) : last
      const close = next() < 0.1 ? open : rounded(open * (1 + drift + volatility * (next() + next() - 1)))
      const high = rounded(Math.max(open, close) * (1 + (next() < 0.1 ? 0.02 : 0.002) * next()))
      const low = rounded(Math.min(open, close) * (1 - (next() < 0.1 ? 0.02 : 0.002) * next()))
      last = close
      return [timestamp, open, Math.max(high, open, close), Math.min(low, open, close), close, 1]
    }),
  )
}
