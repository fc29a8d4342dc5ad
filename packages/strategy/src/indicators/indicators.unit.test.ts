import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import t from 'tap'
import { goldenIndicators } from '../testing/golden/indicators.ts'
import { type GoldenFile, SeriesMissing } from '../testing/golden.ts'
import { averageTrueRange, type Bars } from './average-true-range.ts'
import { bandwidth, bollingerBands, percentB } from './bollinger.ts'
import { ema } from './ema.ts'
import { interpolate } from './interpolate.ts'
import { macd, slidingMacd } from './macd.ts'
import { pairSpread } from './pair-spread.ts'
import { regression } from './regression.ts'
import { rsi } from './rsi.ts'
import { lastRows } from './series.ts'
import { sma } from './sma.ts'
import { mean, standardDeviation, zScore } from './statistics.ts'
import { superTrend } from './supertrend.ts'

const file = fileURLToPath(new URL('../../../../../shared/spec/controllers/golden-indicators.json', import.meta.url))
const skip = existsSync(file) ? false : 'the golden indicators are not on this machine'

const golden = (content: unknown): GoldenFile => ({
  name: 'golden-indicators.json',
  content,
  series: (name) => {
    throw new SeriesMissing(name)
  },
})

t.test('the golden indicators', { skip }, async (t) => {
  const checks = goldenIndicators(golden(JSON.parse(readFileSync(file, 'utf8')))) ?? []
  t.equal(checks.length, 8 + 13 + 3, 'every series, window and controller of the file')
  for (const { name, run } of checks) t.same(run(), [], name)
})

t.test('a number that is wrong is told', async (t) => {
  const candles = [1, 2, 3, 4].map((close, row) => [row, close, close, close, close, 1])
  const checks = goldenIndicators(golden({ candles, series: { 'ema(2)': [null, 1.5, 2.5, 3.6] } })) ?? []
  t.match(
    checks.flatMap(({ run }) => run()),
    [{ at: '[3]', expected: 3.6, actual: 3.5 }],
  )
  t.equal(goldenIndicators(golden([])), undefined, 'another file is none of these')
})

const prices = fc
  .array(fc.integer({ min: 9_000, max: 11_000 }), { minLength: 1, maxLength: 120 })
  .map((cents) => Float64Array.from(cents, (value) => value / 100))
const length = fc.integer({ min: 1, max: 30 })

const near = (a: number, b: number, tolerance = 1e-9): boolean =>
  (Number.isNaN(a) && Number.isNaN(b)) || Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(a), Math.abs(b))

const meanAndDeviation = (window: Float64Array) => [mean(window), standardDeviation(window, 'all')] as const

t.test('an average of each window, one by one', async () => {
  fc.assert(
    fc.property(prices, length, (closes, rows) =>
      sma(closes, rows).every((value, row) =>
        near(value, row < rows - 1 ? Number.NaN : mean(closes.subarray(row - rows + 1, row + 1))),
      ),
    ),
  )
})

t.test('bands are deviations around it; %B is 0 on the lower one and 1 on the upper one', async () => {
  fc.assert(
    fc.property(prices, fc.integer({ min: 2, max: 30 }), fc.constantFrom(1, 2, 2.5), (closes, rows, deviations) => {
      const bands = bollingerBands(closes, rows, deviations)
      const [positions, widths] = [percentB(closes, bands), bandwidth(bands)]
      return closes.every((close, row) => {
        const [middle, upper, lower] = [bands.middle, bands.upper, bands.lower].map((series) => series[row] as number)
        if (middle === undefined || upper === undefined || lower === undefined) return false
        if (row < rows - 1) return [middle, upper, lower, positions[row], widths[row]].every(Number.isNaN)
        const [expected, deviation] = meanAndDeviation(closes.subarray(row - rows + 1, row + 1))
        if (!near(middle, expected) || !near(upper - lower, 2 * deviations * deviation, 1e-5)) return false
        if (upper - lower < 1e-6) return true
        const [position, width] = [positions[row] as number, widths[row] as number]
        return near(lower + position * (upper - lower), close) && near((width / 100) * middle, upper - lower)
      })
    }),
  )
})

t.test('nothing moves: the bands are one line, and no division by zero', async (t) => {
  const closes = new Float64Array(30).fill(97)
  const bands = bollingerBands(closes, 20, 2)
  t.equal(bands.upper[29], 97)
  t.equal(bands.lower[29], 97)
  t.equal(percentB(closes, bands)[29], 1)
  t.ok((bandwidth(bands)[29] ?? Number.NaN) > 0)
})

t.test('bands that tell stillness by the price are the same for a token of any price', async (t) => {
  const scales = fc.constantFrom(1, 1.2e-7, 3e5, 2 ** -40)
  fc.assert(
    fc.property(prices, fc.integer({ min: 2, max: 30 }), scales, (closes, rows, scale) => {
      const of = (values: Float64Array) => {
        const bands = bollingerBands(values, rows, 2, 'relative')
        return [percentB(values, bands, 'relative'), bandwidth(bands, 'relative')] as const
      }
      const [[position, width], [scaled, scaledWidth]] = [of(closes), of(closes.map((close) => close * scale))]
      return closes.every((_, row) => {
        const [here, there] = [width[row] as number, scaledWidth[row] as number]
        return near(here, there, 1e-4) && (here < 1e-3 || near(position[row] as number, scaled[row] as number, 1e-4))
      })
    }),
  )
  const still = new Float64Array(40).fill(97.1)
  const bands = bollingerBands(still, 20, 2, 'relative')
  t.equal(percentB(still, bands, 'relative')[39], 0.5)
  t.equal(bandwidth(bands, 'relative')[39], 0)
})

t.test('exponential averages follow: a step is passed on by the weight of its length', async (t) => {
  const closes = Float64Array.from({ length: 12 }, (_, row) => (row < 6 ? 10 : 20))
  const averages = ema(closes, 4)
  t.same([...averages.subarray(0, 3)], [Number.NaN, Number.NaN, Number.NaN])
  t.equal(averages[5], 10)
  t.equal(averages[6], 14)
})

t.test('MACD: fast and slow are told by their size; nothing before its signal', async (t) => {
  const closes = Float64Array.from({ length: 60 }, (_, row) => 100 + 5 * Math.sin(row / 7))
  const [one, other] = [
    macd(closes, { fast: 12, slow: 26, signal: 9 }),
    macd(closes, { fast: 26, slow: 12, signal: 9 }),
  ]
  t.same(one, other)
  for (const series of [one.line, one.signal, one.histogram]) {
    t.equal(
      series.findIndex((value) => !Number.isNaN(value)),
      33,
    )
  }
  const short = macd(closes.subarray(0, 33), { fast: 12, slow: 26, signal: 9 })
  t.ok(short.line.every(Number.isNaN), 'too few rows')
})

t.test('what remembers depends on its first row; what has a window does not', async () => {
  fc.assert(
    fc.property(prices, length, (closes, rows) => {
      const seen = lastRows(closes, rows + 5)
      return near(sma(seen, rows).at(-1) ?? Number.NaN, sma(closes, rows).at(-1) ?? Number.NaN, 1e-12)
    }),
  )
})

t.test('a sliding window gives on each row what its rows alone give', async () => {
  const lengths = { fast: 3, slow: 6, signal: 4 }
  fc.assert(
    fc.property(prices, fc.integer({ min: 12, max: 20 }), (closes, rows) => {
      const { line, signal, histogram } = slidingMacd(closes, lengths, rows)
      return closes.every((_, row) => {
        const here = [line, signal, histogram].map((series) => series[row])
        if (row < rows - 1) return here.every(Number.isNaN)
        const alone = macd(closes.subarray(row - rows + 1, row + 1), lengths)
        return [alone.line, alone.signal, alone.histogram].every((series, at) => Object.is(series.at(-1), here[at]))
      })
    }),
  )
})

t.test('RSI: 100 while it only rises, 0 while it only falls or rests', async (t) => {
  const rising = Float64Array.from({ length: 20 }, (_, row) => 100 + row)
  t.equal(
    rsi(rising, 14).findIndex((value) => !Number.isNaN(value)),
    14,
  )
  t.equal(rsi(rising, 14)[19], 100)
  t.equal(
    rsi(
      rising.map((value) => -value),
      14,
    )[19],
    0,
  )
  t.equal(rsi(new Float64Array(20).fill(7), 14)[19], 0)
})

/** The rule of the specification, with whole series of both lines. */
const plainSuperTrend = (bars: Bars, rows: number, multiplier: number) => {
  const range = averageTrueRange(bars, rows)
  const at = (sign: 1 | -1) =>
    bars.close.map(
      (_, row) =>
        ((bars.high[row] as number) + (bars.low[row] as number)) / 2 + sign * multiplier * (range[row] as number),
    )
  const [lower, upper] = [at(-1), at(1)]
  const direction = new Float64Array(bars.close.length).fill(1)
  for (let row = 1; row < direction.length; row++) {
    const [close, low, high] = [bars.close[row] as number, lower[row - 1] as number, upper[row - 1] as number]
    if (close > high) direction[row] = 1
    else if (close < low) direction[row] = -1
    else {
      const same = direction[row - 1] as number
      direction[row] = same
      if (same > 0 && (lower[row] as number) < low) lower[row] = low
      if (same < 0 && (upper[row] as number) > high) upper[row] = high
    }
  }
  const trend = direction.map((way, row) => (way > 0 ? lower : upper)[row] as number)
  return { trend, direction: direction.map((way, row) => (row < rows ? Number.NaN : way)) }
}

t.test('SuperTrend is what its rule says', async () => {
  fc.assert(
    fc.property(prices, fc.integer({ min: 1, max: 15 }), fc.constantFrom(0.2, 1, 4), (close, rows, multiplier) => {
      const bars = { close, high: close.map((value) => value + 0.1), low: close.map((value) => value - 0.1) }
      const [ours, plain] = [superTrend(bars, rows, multiplier), plainSuperTrend(bars, rows, multiplier)]
      return [...ours.trend, ...ours.direction].every((value, row) =>
        Object.is(value, [...plain.trend, ...plain.direction][row]),
      )
    }),
  )
})

t.test('a line is found again', async () => {
  const number = fc.integer({ min: -50, max: 50 })
  fc.assert(
    fc.property(number, number, fc.uniqueArray(number, { minLength: 2 }), (intercept, slope, points) => {
      const x = Float64Array.from(points)
      const line = regression(
        x,
        x.map((value) => intercept + slope * value),
      )
      return near(line.intercept, intercept) && near(line.slope, slope)
    }),
  )
})

t.test('statistics leave out what is not there', async (t) => {
  const values = Float64Array.of(Number.NaN, 2, 4, 4, 4, 5, 5, 7, 9)
  t.equal(mean(values), 5)
  t.equal(standardDeviation(values, 'all'), 2)
  t.equal(standardDeviation(values, 'sample'), Math.sqrt(32 / 7))
  t.equal(zScore(values), 2)
  t.ok(Number.isNaN(mean(new Float64Array(0))))
})

t.test('a pair needs enough closes on both sides', async (t) => {
  const prices = Float64Array.from({ length: 50 }, (_, row) => 100 + Math.sin(row))
  t.equal(pairSpread(prices, prices.subarray(0, 49), 50), undefined)
  t.ok(Math.abs(pairSpread(prices, prices, 50)?.last ?? 1) < 1e-9, 'two that are one never come apart')
})

t.test('interpolation stops at its ends', async (t) => {
  t.same(
    [-1, 0, 5, 10, 11].map((x) => interpolate(x, [0, 10], [2, 1])),
    [2, 2, 1.5, 1, 1],
  )
  t.equal(interpolate(3, [3, 3], [1, 2]), 2, 'no width')
})

t.test('a length must be a number of rows', async (t) => {
  t.throws(() => sma(new Float64Array(3), 0), { message: 'length is 0, it must be a whole number of at least 1' })
  t.throws(() => ema(new Float64Array(3), 1.5), RangeError)
})
