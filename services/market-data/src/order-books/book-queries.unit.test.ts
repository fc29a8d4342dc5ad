import { deepEqual, equal, ok } from 'node:assert/strict'
import type { BookLevel } from '@colibri/exchange'
import fc from 'fast-check'
import t from 'tap'
import {
  priceForQuoteVolume,
  priceForVolume,
  quoteVolumeForPrice,
  type Side,
  volumeForPrice,
  vwapForVolume,
} from './book-queries.ts'

const asks: readonly BookLevel[] = [
  { price: '50000.01', amount: '0.5' },
  { price: '50000.02', amount: '0.5' },
  { price: '50000.03', amount: '1' },
]
const bids: readonly BookLevel[] = [
  { price: '49999.99', amount: '0.5' },
  { price: '49999.98', amount: '2' },
]

t.test('a size and the price at which it is reached', async (t) => {
  t.same(priceForVolume(asks, '1'), { price: '50000.02', size: '1' })
  t.same(priceForVolume(asks, '1.00000001'), { price: '50000.03', size: '1.00000001' })
  t.same(priceForQuoteVolume(asks, '25000.005'), { price: '50000.01', size: '25000.005' })
  t.same(priceForQuoteVolume(asks, '25000.0050000000000000000001'), {
    price: '50000.02',
    size: '25000.0050000000000000000001',
  })
})

t.test('a book too thin gives no price but what there is', async (t) => {
  t.same(priceForVolume(asks, '3'), { price: null, size: '2' })
  t.same(priceForQuoteVolume(bids, '1e9'), { price: null, size: '124999.955' })
  t.same(vwapForVolume(bids, '2.6'), { averagePrice: null, size: '2.5' })
  t.same(priceForVolume([], '1'), { price: null, size: null })
  t.same(vwapForVolume([], '1'), { averagePrice: null, size: null })
  t.same(volumeForPrice([], 'asks', '1'), { price: null, size: null })
})

t.test('a limit price, itself included', async (t) => {
  t.same(volumeForPrice(asks, 'asks', '50000.02'), { price: '50000.02', size: '1' })
  t.same(volumeForPrice(asks, 'asks', '50000.019'), { price: '50000.01', size: '0.5' })
  t.same(volumeForPrice(asks, 'asks', '50000'), { price: null, size: null })
  t.same(volumeForPrice(bids, 'bids', '49999.98'), { price: '49999.98', size: '2.5' })
  t.same(volumeForPrice(bids, 'bids', '50000'), { price: null, size: null })
  t.same(quoteVolumeForPrice(asks, 'asks', '50000.02'), { price: '50000.02', size: '50000.015' })
})

t.test('the average price of a size', async (t) => {
  t.same(vwapForVolume(asks, '1'), { averagePrice: '50000.015', size: '1' })
  t.same(vwapForVolume(asks, '0.25'), { averagePrice: '50000.01', size: '0.25' })
  t.same(vwapForVolume(asks, '1.5'), { averagePrice: '50000.02', size: '1.5' })
  t.same(vwapForVolume(bids, '1.5').averagePrice?.slice(0, 20), '49999.98333333333333')
  t.same(vwapForVolume(asks, '0'), { averagePrice: null, size: null })
})

/** The naive model counts whole units: prices in 1e-8, amounts in 1e-8, money in 1e-16. */
const UNIT = 8

/** Drawn so that sizes and limits often meet a level exactly. */
const sideOfBook = fc
  .array(fc.tuple(fc.bigInt(1n, 2_000n), fc.bigInt(1n, 50n)), { maxLength: 12 })
  .chain((pairs) =>
    fc.record({
      pairs: fc.constant([...new Map(pairs.map(([price, amount]) => [price, amount]))]),
      scale: fc.constantFrom(1n, 7n, 1_234_567n, 123_456_789_012_347n),
      side: fc.constantFrom<Side>('bids', 'asks'),
    }),
  )
  .map(({ pairs, scale, side }) => {
    const sorted = pairs
      .map(([price, amount]) => ({ price: price * scale, amount: amount * scale }))
      .sort((a, b) => (a.price < b.price === (side === 'asks') ? -1 : 1))
    return { side, scale, units: sorted }
  })

const decimalOf = (units: bigint, digits: number): string => {
  const padded = units.toString().padStart(digits + 1, '0')
  const fraction = padded.slice(-digits).replace(/0+$/, '')
  return padded.slice(0, -digits) + (fraction === '' ? '' : `.${fraction}`)
}

const orNull = (units: bigint, digits: number): string | null => (units === 0n ? null : decimalOf(units, digits))

const total = (values: readonly bigint[]): bigint => values.reduce((sum, value) => sum + value, 0n)

t.test('every query agrees with a naive model in whole units', async (t) => {
  const seed = Math.floor(Math.random() * 2 ** 31)
  t.comment(`seed ${seed}`)
  t.plan(1)
  t.doesNotThrow(
    () =>
      fc.assert(
        fc.property(
          sideOfBook,
          fc.bigInt(1n, 700n),
          fc.bigInt(0n, 2_000n),
          fc.boolean(),
          ({ side, scale, units }, askedCount, limitCount, oneMore) => {
            const levels = units.map(({ price, amount }) => ({
              price: decimalOf(price, UNIT),
              amount: decimalOf(amount, UNIT),
            }))
            const asked = askedCount * scale + (oneMore ? 1n : 0n)
            const limit = limitCount * scale + (oneMore ? 1n : 0n)
            const quotes = units.map(({ price, amount }) => price * amount)
            const sums = units.map((_, index) => total(units.slice(0, index + 1).map(({ amount }) => amount)))
            const quoteSums = units.map((_, index) => total(quotes.slice(0, index + 1)))

            const level = sums.findIndex((sum) => sum >= asked)
            const size = level < 0 ? orNull(sums.at(-1) ?? 0n, UNIT) : decimalOf(asked, UNIT)
            deepEqual(
              priceForVolume(levels, decimalOf(asked, UNIT)),
              { price: levels[level]?.price ?? null, size },
              'price for volume',
            )

            const askedQuote = asked * scale * 100n
            const quoteLevel = quoteSums.findIndex((sum) => sum >= askedQuote)
            deepEqual(
              priceForQuoteVolume(levels, decimalOf(askedQuote, 2 * UNIT)),
              {
                price: levels[quoteLevel]?.price ?? null,
                size: quoteLevel < 0 ? orNull(quoteSums.at(-1) ?? 0n, 2 * UNIT) : decimalOf(askedQuote, 2 * UNIT),
              },
              'price for quote volume',
            )

            const inside = units.filter(({ price }) => (side === 'asks' ? price <= limit : price >= limit))
            const price = inside.length === 0 ? null : (levels[inside.length - 1]?.price ?? null)
            deepEqual(
              volumeForPrice(levels, side, decimalOf(limit, UNIT)),
              { price, size: orNull(total(inside.map(({ amount }) => amount)), UNIT) },
              'volume for price',
            )
            deepEqual(
              quoteVolumeForPrice(levels, side, decimalOf(limit, UNIT)),
              { price, size: orNull(total(inside.map((one) => one.price * one.amount)), 2 * UNIT) },
              'quote volume for price',
            )

            const average = vwapForVolume(levels, decimalOf(asked, UNIT))
            if (level < 0) {
              deepEqual(average, { averagePrice: null, size }, 'average of a thin book')
              return
            }
            const before = sums[level - 1] ?? 0n
            const cost = (quoteSums[level - 1] ?? 0n) + (asked - before) * (units[level]?.price ?? 0n)
            // Long division in whole units: 24 digits after the point, the last of them cut.
            const digits = 24
            const cut = (cost * 10n ** BigInt(digits - UNIT)) / asked
            const [whole = '', fraction = ''] = (average.averagePrice ?? '').split('.')
            const shown = BigInt(whole + fraction.padEnd(digits, '0').slice(0, digits))
            // Rounding the last of 40 digits may carry into the cut ones, by one at most.
            const apart = shown - cut
            ok(apart === 0n || apart === 1n, 'average')
            equal(average.size, size)
          },
        ),
        { numRuns: 10_000, seed },
      ),
    '10,000 books',
  )
})
