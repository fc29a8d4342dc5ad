import type { Candles } from '../candles.ts'
import { candlesOf } from './series.ts'

/** A generator of numbers in [0, 1) that gives the same ones for the same seed everywhere (mulberry32). */
export const uniform = (seed: number): (() => number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export interface Walk {
  readonly seed: number
  readonly rows: number
  /** Seconds from one candle to the next. */
  readonly step: number
  readonly start: number
  readonly decimals: number
  readonly drift: number
  readonly volatility: number
  readonly wick: number
  /** Two waves around the start instead of a walk. */
  readonly waves?: true
}

const BEGIN = 1_735_689_600

const rounded = (value: number, decimals: number): number => Math.floor(value * 10 ** decimals + 0.5) / 10 ** decimals

/** Candles of a seeded walk, by the rules of the golden cases. */
export const randomWalk = (walk: Walk): Candles => {
  const next = uniform(walk.seed)
  let last = walk.start
  const rows: number[][] = []
  for (let row = 0; row < walk.rows; row++) {
    const noise = walk.volatility * (next() + next() + next() - 1.5)
    const open = last
    const seconds = row * walk.step
    const close =
      walk.waves === true
        ? rounded((walk.start + wave(60, seconds, 21_600) + wave(25, seconds, 5_400)) * (1 + noise), walk.decimals)
        : rounded(open * (1 + walk.drift + noise), walk.decimals)
    const high = rounded(Math.max(open, close) * (1 + walk.wick * next()), walk.decimals)
    const low = rounded(Math.min(open, close) * (1 - walk.wick * next()), walk.decimals)
    rows.push([BEGIN + seconds, open, high, low, close, rounded(10 + 90 * next(), 3)])
    last = close
  }
  return candlesOf(rows)
}

const wave = (height: number, seconds: number, period: number): number =>
  height * Math.sin((2 * Math.PI * seconds) / period)

const minutes = (seed: number, rows: number, start: number, decimals: number) => ({
  seed,
  rows,
  step: 60,
  start,
  decimals,
})

/** The series that the golden cases name. */
export const WALKS: Readonly<Record<string, Walk>> = {
  rw_a: { ...minutes(1, 600, 100, 2), drift: 0, volatility: 0.002, wick: 0.0008 },
  rw_b: { ...minutes(2, 1000, 250, 1), drift: 0, volatility: 0.004, wick: 0.002 },
  trend_up: { ...minutes(3, 400, 50, 3), drift: 0.00025, volatility: 0.0015, wick: 0.0007 },
  trend_down: { ...minutes(4, 400, 1800, 2), drift: -0.00025, volatility: 0.0015, wick: 0.0007 },
  wick: { ...minutes(5, 300, 20, 3), drift: 0, volatility: 0.0008, wick: 0.02 },
  lowpx: { ...minutes(6, 300, 0.05, 6), drift: 0, volatility: 0.003, wick: 0.001 },
  sine: { ...minutes(7, 1500, 2000, 2), drift: 0, volatility: 0.0006, wick: 0.0005, waves: true },
  rw_5m: { ...minutes(8, 400, 3000, 1), step: 300, drift: 0, volatility: 0.004, wick: 0.0015 },
}
