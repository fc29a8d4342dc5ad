import { Decimal } from 'decimal.js'
import fc from 'fast-check'
import t from 'tap'
import { ceilingOf, type Exact, exactOf, floorOf, minus, nearest, over, type Price, plus, times } from './exact.ts'

const Wide = Decimal.clone({ precision: 150, rounding: Decimal.ROUND_HALF_EVEN })
const Original = Decimal.clone({ precision: 28, rounding: Decimal.ROUND_HALF_EVEN })

const digitsOf = (value: Price): Decimal =>
  typeof value === 'number'
    ? new Wide(value.toPrecision(100))
    : new Wide(value.hi.toPrecision(100)).plus(new Wide(value.lo.toPrecision(100)))

/** Texts of prices and fractions as people write them, from billionths to millions. */
const decimalText = fc
  .tuple(fc.bigInt({ min: 1n, max: 10n ** 20n }), fc.integer({ min: 0, max: 15 }))
  .map(([digits, scale]) => new Wide(digits.toString()).div(new Wide(10).pow(scale)).toFixed())

const double = fc.double({ min: 1e-9, max: 1e9, noNaN: true })
const price: fc.Arbitrary<Price> = fc.oneof(double, decimalText.map(exactOf))

const agrees = (ours: Exact, theirs: Decimal, digits: number): boolean =>
  digitsOf(ours)
    .minus(theirs)
    .abs()
    .lessThanOrEqualTo(theirs.abs().times(`1e-${digits}`))

t.test('a text keeps 31 digits and more', async (t) => {
  fc.assert(fc.property(decimalText, (text) => agrees(exactOf(text), new Wide(text), 31)))
  fc.assert(
    fc.property(double, (value) => exactOf(value).hi === value && exactOf(-value).hi === -value),
    { numRuns: 2000 },
  )
  t.same(exactOf('97'), { hi: 97, lo: 0 })
  t.same(exactOf('-0.1'), { hi: -0.1, lo: -exactOf('0.1').lo })
  t.same(exactOf(0.1), exactOf('0.1'), 'a number is what it is written as')
  t.ok(exactOf('0.1').lo !== 0)
  t.same(exactOf(' 97 '), { hi: 97, lo: 0 })
  for (const text of ['much', '', ' ', '1_000']) t.same(exactOf(text), { hi: Number.NaN, lo: 0 })
})

t.test('sums, products and quotients agree with decimals to 29 digits', async () => {
  fc.assert(
    fc.property(price, price, (a, b) => {
      const [x, y] = [digitsOf(a), digitsOf(b)]
      return (
        agrees(plus(a, b), x.plus(y), 29) && agrees(times(a, b), x.times(y), 29) && agrees(over(a, b), x.div(y), 29)
      )
    }),
    { numRuns: 2000 },
  )
  fc.assert(
    fc.property(price, price, (a, b) => {
      const [x, y] = [digitsOf(a), digitsOf(b)]
      return digitsOf(minus(a, b)).minus(x.minus(y)).abs().lessThanOrEqualTo(Decimal.max(x, y).times('1e-31'))
    }),
  )
})

t.test('what is taken apart comes together again', async () => {
  fc.assert(fc.property(price, price, (a, b) => nearest(times(over(a, b), b)) === nearest(a)))
})

t.test('division by nothing gives what doubles give', async (t) => {
  t.equal(over(1, 0).hi, Number.POSITIVE_INFINITY)
  t.equal(over(-1, 0).hi, Number.NEGATIVE_INFINITY)
  t.ok(Number.isNaN(over(0, 0).hi))
})

t.test('a limit of the original decides about every close the same way', async () => {
  const spread = fc.constantFrom('0', '0.001', '0.01', '0.018', '0.1', '0.25', '0.5', '0.0005')
  const cents = fc.integer({ min: 1, max: 10_000_000 }).map((units) => units / 100)
  fc.assert(
    fc.property(cents, spread, fc.constantFrom('buy', 'sell'), (reference, text, side) => {
      const factor = side === 'buy' ? minus(1, exactOf(text)) : plus(1, exactOf(text))
      const ours = times(reference, factor)
      const one = new Original(1)
      const theirs = new Original(new Wide(reference.toPrecision(100))).times(
        side === 'buy' ? one.minus(text) : one.plus(text),
      )
      const near = [...new Set([floorOf(ours), nearest(ours), ceilingOf(ours), Number(theirs.toFixed(2))])]
      return near.every((close) => {
        const exactly = new Wide(close.toPrecision(100))
        return (
          close <= floorOf(ours) === exactly.lessThanOrEqualTo(theirs) &&
          close >= ceilingOf(ours) === exactly.greaterThanOrEqualTo(theirs)
        )
      })
    }),
    { numRuns: 5000 },
  )
})

t.test('a round price decides as the round number that it is', async (t) => {
  const limit = times(100, minus(1, exactOf('0.01')))
  t.equal(floorOf(limit), 99)
  t.equal(ceilingOf(limit), 99)
})

t.test('a price times one has 28 digits, and the close it came from has more', async (t) => {
  const limit = times(99.72, minus(1, exactOf('0')))
  t.ok(floorOf(limit) < 99.72, '99.71999999999999886313162278 is below 99.7199…62278383…')
  t.equal(ceilingOf(limit), 99.72)
  t.equal(floorOf(99.72), 99.72, 'one that was not calculated is compared as it is')
})
