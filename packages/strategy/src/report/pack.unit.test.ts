import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { unpackCandles, unpackIntegers, unpackNumbers, unpackTimes } from './browser/unpack.ts'
import { packCandles, packIntegers, packNumbers, packTimes } from './pack.ts'

const safe = fc.integer({ min: -(2 ** 51), max: 2 ** 51 })

t.test('integers come back as they were', async (t) => {
  fc.assert(fc.property(fc.array(safe), (values) => isDeepStrictEqual(unpackIntegers(packIntegers(values)), values)))
  const many = Array.from({ length: 100_000 }, (_, index) => (index % 7) - 3)
  t.same(unpackIntegers(packIntegers(many)), many, 'more than one piece of base64')
})

t.test('times come back as they were, however they lie apart', async (t) => {
  const steps = fc.array(fc.integer({ min: 1, max: 1_000_000 }), { maxLength: 50 })
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2e9 }), steps, (first, distances) => {
      const times = [first]
      for (const distance of distances) times.push((times.at(-1) ?? 0) + distance)
      return isDeepStrictEqual([...unpackTimes(packTimes(Float64Array.from(times), times.length))], times)
    }),
  )
  t.equal(unpackTimes(packTimes(new Float64Array(0), 0)).length, 0)
  const year = Float64Array.from({ length: 500_000 }, (_, row) => 1_704_067_200 + row * 60)
  t.ok(JSON.stringify(packTimes(year, year.length)).length < 80, 'a regular series is a line')
})

t.test('numbers keep seven digits of the largest', async (t) => {
  const numbers = fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 100 })
  fc.assert(
    fc.property(numbers, (values) => {
      const largest = Math.max(...values.map(Math.abs), 1e-8)
      const back = unpackNumbers(packNumbers(Float64Array.from(values), values.length))
      const isNear = (value: number, row: number): boolean =>
        Math.abs(value - (back[row] ?? Number.NaN)) <= largest * 1e-6 + 1e-15
      return back.length === values.length && values.every(isNear)
    }),
  )
  t.same([...unpackNumbers(packNumbers(Float64Array.of(0.25, -17.5, 3), 3))], [0.25, -17.5, 3], 'short ones are exact')
  t.same([...unpackNumbers(packNumbers(Float64Array.of(1, Number.NaN, 2), 3))], [1, 0, 2])
  t.same(
    [...unpackNumbers(packNumbers(Float64Array.of(1e300, 3, -1e300), 3))],
    [2 ** 51, 3, -(2 ** 51)],
    'no harm done',
  )
})

t.test('candles keep the prices of their venue', async (t) => {
  const cents = fc.integer({ min: 1, max: 9_000_000 })
  const candle = fc.tuple(cents, cents, cents, cents)
  fc.assert(
    fc.property(fc.array(candle, { minLength: 1, maxLength: 60 }), (rows) => {
      const column = (of: (row: readonly number[]) => number): Float64Array =>
        Float64Array.from(rows, (row) => of(row) / 100)
      const candles = {
        length: rows.length,
        timestamp: Float64Array.from(rows, (_, row) => row * 60),
        open: column(([open = 0]) => open),
        close: column(([, close = 0]) => close),
        high: column((row) => Math.max(...row)),
        low: column((row) => Math.min(...row)),
      }
      const back = unpackCandles(packCandles(candles))
      const prices = ['open', 'high', 'low', 'close'] as const
      return (
        isDeepStrictEqual(back.time, candles.timestamp) &&
        prices.every((name) => isDeepStrictEqual(back[name], candles[name]))
      )
    }),
  )
  const rows = Array.from({ length: 1_000 }, (_, row) => 42_000 + Math.round(900 * Math.sin(row)) / 100)
  const column = (away: number): Float64Array => Float64Array.from(rows, (price) => price + away)
  const timestamp = Float64Array.from(rows, (_, row) => row * 60)
  const packed = packCandles({
    length: 1_000,
    timestamp,
    open: column(0),
    close: column(1),
    high: column(2),
    low: column(-1),
  })
  t.ok(JSON.stringify(packed).length < 11_000, 'in a few bytes each')
})
