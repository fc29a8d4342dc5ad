import { z } from 'zod'
import { averageTrueRange, type Bars, normalizedAverageTrueRange } from '../../indicators/average-true-range.ts'
import { bandwidth, bollingerBands, percentB } from '../../indicators/bollinger.ts'
import { ema } from '../../indicators/ema.ts'
import { macd } from '../../indicators/macd.ts'
import { pairSpread } from '../../indicators/pair-spread.ts'
import { rsi } from '../../indicators/rsi.ts'
import { lastOf, lastRows } from '../../indicators/series.ts'
import { superTrend } from '../../indicators/supertrend.ts'
import { trendShift } from '../../indicators/trend-shift.ts'
import { differences, type Tolerance } from '../differences.ts'
import type { GoldenCheck, GoldenSuite } from '../golden.ts'

/** Indicators are the same to the last digits, and not to the ninth. */
const TOLERANCE: Tolerance = { relative: 1e-12, absolute: 1e-12 }

const cell = z.number().nullable()
const column = z.array(cell)
const named = z.record(z.string(), z.unknown())

const schema = z.looseObject({
  candles: z.array(z.tuple([z.number(), z.number(), z.number(), z.number(), z.number(), z.number()])),
  series: z.record(z.string(), z.union([column, z.record(z.string(), column)])),
  window_dependence: z.record(z.string(), z.array(z.looseObject({ window: z.number() }))).default({}),
})

const TINY = z.looseObject({ scale: z.number() })
const PAIR = z.looseObject({ dominant: z.array(z.number()), hedge: z.array(z.number()) })

/** `macd(21,42,9) last value`: the indicator and its numbers. */
const parse = (name: string): { indicator: string; numbers: readonly number[] } => {
  const [, indicator = '', list = ''] = /^(\w+)(?: ?\((.*)\))?/.exec(name) ?? []
  return { indicator, numbers: (list.match(/[\d.]+/g) ?? []).map(Number) }
}

const cells = (values: Float64Array): readonly (number | null)[] =>
  [...values].map((value) => (Number.isNaN(value) ? null : value))

type Calculated = Float64Array | Readonly<Record<string, Float64Array>>

/** Every indicator under the names of the file. */
const calculate = (name: string, bars: Bars): Calculated => {
  const { indicator, numbers } = parse(name)
  const [first = Number.NaN, second = Number.NaN, third = Number.NaN] = numbers
  switch (indicator) {
    case 'bbands': {
      const bands = bollingerBands(bars.close, first, second)
      return {
        BBU: bands.upper,
        BBM: bands.middle,
        BBL: bands.lower,
        BBB: bandwidth(bands),
        BBP: percentB(bars.close, bands),
      }
    }
    case 'macd': {
      const { line, signal, histogram } = macd(bars.close, { fast: first, slow: second, signal: third })
      return { line, signal, hist: histogram }
    }
    case 'ema':
      return ema(bars.close, first)
    case 'rsi':
      return rsi(bars.close, first)
    case 'atr':
      return averageTrueRange(bars, first)
    case 'natr':
      return normalizedAverageTrueRange(bars, first)
    case 'supertrend': {
      const { trend, direction } = superTrend(bars, first, second)
      return { value: trend, direction }
    }
    default:
      throw new RangeError(`${name} is no indicator that is known`)
  }
}

const compare = (expected: unknown, actual: unknown) => differences('', expected, actual, TOLERANCE)

const windowOf = (bars: Bars, rows: number): Bars => ({
  high: lastRows(bars.high, rows),
  low: lastRows(bars.low, rows),
  close: lastRows(bars.close, rows),
})

const lastValues = (calculated: Calculated): Readonly<Record<string, number>> =>
  calculated instanceof Float64Array
    ? { value: lastOf(calculated) }
    : Object.fromEntries(Object.entries(calculated).map(([name, values]) => [name, lastOf(values)]))

const shiftOf = (bars: Bars, rows: number) => {
  const seen = windowOf(bars, rows)
  const { line, mean, deviation, reversal, momentum, volatility, shift } = trendShift(
    seen,
    { fast: 21, slow: 42, signal: 9 },
    14,
  )
  const close = lastOf(seen.close)
  return {
    macd_last: line,
    macd_mean: mean,
    macd_std_ddof1: deviation,
    macd_signal_term: reversal,
    macdh_sign: momentum,
    natr_fraction: lastOf(volatility),
    price_multiplier: shift,
    close,
    reference_price: close * (1 + shift),
    spread_multiplier: lastOf(volatility),
  }
}

const tiny = (bars: Bars, length: number, scale: number) => {
  const closes = bars.close.map((close) => close * scale)
  const bands = bollingerBands(closes, length, 2)
  const usual = percentB(bars.close, bollingerBands(bars.close, length, 2))
  return {
    zero_width_rows: bands.upper.filter((upper, row) => upper === bands.lower[row]).length,
    rows_with_values: bands.middle.filter((middle) => !Number.isNaN(middle)).length,
    BBP_last: lastOf(percentB(closes, bands)),
    BBU_last: lastOf(bands.upper),
    BBL_last: lastOf(bands.lower),
    BBP_at_same_index_unscaled: lastOf(usual),
  }
}

const pair = (dominant: readonly number[], hedge: readonly number[], lookback: number) => {
  const spread = pairSpread(Float64Array.from(dominant), Float64Array.from(hedge), lookback)
  return {
    n_returns: lookback - 1,
    alpha: spread?.alpha,
    beta: spread?.beta,
    spread_last: spread?.last,
    spread_mean: spread?.mean,
    spread_std_ddof0: spread?.deviation,
    z: spread?.z,
  }
}

/** What the file says besides the inputs of a calculation. */
const without = (values: Readonly<Record<string, unknown>>, ...inputs: readonly string[]) =>
  Object.fromEntries(Object.entries(values).filter(([name]) => !inputs.includes(name)))

const special = (name: string, content: unknown, bars: Bars): GoldenCheck | undefined => {
  const { indicator, numbers } = parse(name)
  const [number = Number.NaN] = numbers
  switch (indicator) {
    case 'pmm_dynamic':
      return { name, run: () => compare(content, shiftOf(bars, number)) }
    case 'tiny_price_bbands': {
      const { scale, ...expected } = TINY.parse(content)
      return { name, run: () => compare(without(expected, 'closes_are'), tiny(bars, number, scale)) }
    }
    case 'stat_arb': {
      const { dominant, hedge, ...expected } = PAIR.parse(content)
      return { name, run: () => compare(expected, pair(dominant, hedge, number)) }
    }
    default:
      return undefined
  }
}

/** The checks of `golden-indicators.json`: whole series, what a window changes, and what controllers make of them. */
export const goldenIndicators: GoldenSuite = ({ content }) => {
  const parsed = schema.safeParse(content)
  if (!parsed.success) return undefined
  const { candles, series, window_dependence, ...rest } = parsed.data
  const of = (position: 2 | 3 | 4): Float64Array => Float64Array.from(candles, (candle) => candle[position])
  const bars: Bars = { high: of(2), low: of(3), close: of(4) }

  const whole = Object.entries(series).map(
    ([name, expected]): GoldenCheck => ({
      name,
      run: () => {
        const calculated = calculate(name, bars)
        const actual =
          calculated instanceof Float64Array
            ? cells(calculated)
            : Object.fromEntries(Object.entries(calculated).map(([key, values]) => [key, cells(values)]))
        return compare(expected, actual)
      },
    }),
  )
  const windows = Object.entries(window_dependence).flatMap(([name, cases]) =>
    cases.map(
      ({ window, ...expected }): GoldenCheck => ({
        name: `${name}, window ${window}`,
        run: () => compare(expected, lastValues(calculate(name, windowOf(bars, window)))),
      }),
    ),
  )
  const others = Object.entries(named.parse(rest)).flatMap(([name, expected]) => special(name, expected, bars) ?? [])
  return [...whole, ...windows, ...others]
}
