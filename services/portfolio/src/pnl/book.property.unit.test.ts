import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { type Book, emptyBook, type Fill, foldFills } from './book.ts'
import { bookOf, bookToText } from './book-text.ts'

/** Put the seed of a failed run here to see it again. */
const seedToRepeat: number | undefined = undefined
const seed = seedToRepeat ?? Math.floor(Math.random() * 2 ** 31)
t.comment(`seed ${seed}`)
const RUNS = 10_000

/** The model's numbers: whole multiples of 10⁻³⁶. */
const DIGITS = 36
const ONE = 10n ** BigInt(DIGITS)
const units = (text: string): bigint => {
  const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? assert.fail(text)
  const size = BigInt(whole + fraction.padEnd(DIGITS, '0'))
  return sign === '-' ? -size : size
}
const times = (left: bigint, right: bigint): bigint => {
  const product = left * right
  assert.equal(product % ONE, 0n, 'the model has digits enough')
  return product / ONE
}

/** The same rules written down another way: unit by unit of the smallest step there is, with fractions in between. */
interface Model {
  readonly position: bigint
  readonly cost: bigint
  readonly realised: bigint
  readonly cash: bigint
  readonly volume: bigint
  readonly fees: ReadonlyMap<string, bigint>
  readonly feesQuote: bigint
  readonly closes: number
  /** Realised with no digit cut off, as a fraction. */
  readonly exact: { readonly over: bigint; readonly under: bigint }
  readonly average: { readonly over: bigint; readonly under: bigint }
}

const reduced = (over: bigint, under: bigint) => {
  let [a, b] = [over < 0n ? -over : over, under]
  while (b !== 0n) [a, b] = [b, a % b]
  return a === 0n ? { over: 0n, under: 1n } : { over: over / a, under: under / a }
}

const size = (value: bigint): bigint => (value < 0n ? -value : value)
const smaller = (left: bigint, right: bigint): bigint =>
  [left, right].sort((a, b) => Number(a > b) - Number(a < b))[0] ?? 0n
const CUT = 10n ** BigInt(DIGITS - 18)

const model = (fills: readonly Fill[]): Model => {
  let [position, cost, realised, cash, volume, feesQuote, closes] = [0n, 0n, 0n, 0n, 0n, 0n, 0]
  let exact = { over: 0n, under: 1n }
  let average = { over: 0n, under: 1n }
  const fees = new Map<string, bigint>()
  for (const fill of fills) {
    const direction = fill.tradeType === 'BUY' ? 1n : -1n
    const [amount, price] = [units(fill.amount), units(fill.price)]
    cash -= direction * times(amount, price)
    volume += times(amount, price)
    feesQuote += units(fill.feeInQuote ?? '0')
    if (fill.feeAmount !== '0') fees.set(fill.feeCurrency, (fees.get(fill.feeCurrency) ?? 0n) + units(fill.feeAmount))
    const against = position !== 0n && position > 0n !== direction > 0n
    const closed = against ? smaller(amount, size(position)) : 0n
    if (closed > 0n) {
      closes += 1
      const whole = size(position)
      const released = closed === whole ? cost : ((cost * closed) / whole / CUT) * CUT
      realised += -direction * times(closed, price) - released
      cost -= released
      // (price − average) · closed, the other way round for a short.
      const gain = reduced(-direction * (price * average.under - average.over) * closed, average.under * ONE)
      exact = reduced(exact.over * gain.under + gain.over * exact.under, exact.under * gain.under)
    }
    const opened = amount - closed
    const left = size(position) - closed
    if (opened > 0n) {
      cost += direction * times(opened, price)
      average = reduced(left * average.over + opened * price * average.under, (left + opened) * average.under)
    }
    position += direction * amount
  }
  return { position, cost, realised, cash, volume, fees, feesQuote, closes, exact, average }
}

const decimal = (digits: number, decimals: number) =>
  fc
    .tuple(fc.bigInt({ min: 1n, max: 10n ** BigInt(digits) }), fc.integer({ min: 0, max: decimals }))
    .map(([value, places]) => {
      const text = value.toString().padStart(places + 1, '0')
      return places === 0 ? text : `${text.slice(0, -places)}.${text.slice(-places)}`
    })

const someFills = fc
  .array(
    fc.record({
      venueTime: fc.integer({ min: 0, max: 8 }),
      tradeType: fc.constantFrom('BUY' as const, 'SELL' as const),
      // Mostly of one size, so that positions are often closed to nothing.
      amount: fc.oneof(fc.constantFrom('1', '2', '3'), decimal(10, 9)),
      price: decimal(11, 9),
      fee: fc.option(fc.record({ amount: decimal(6, 9), currency: fc.constantFrom('BTC', 'USDT', 'BNB') })),
      feeInQuote: fc.option(decimal(8, 12)),
      order: fc.constantFrom('CLB1', 'CLB2', 'CLB3'),
    }),
    { maxLength: 12 },
  )
  .map((drawn) =>
    drawn.map(
      ({ venueTime, tradeType, amount, price, fee, feeInQuote, order }, index): Fill => ({
        venueTime,
        tradeId: String(95 + index),
        clientOrderId: order,
        tradeType,
        price,
        amount,
        feeAmount: fee?.amount ?? '0',
        feeCurrency: fee?.currency ?? 'USDT',
        feeInQuote,
      }),
    ),
  )

/** The fills of a market and an order in which they come: each once or more, in batches. */
const arrivals = someFills.chain((fills) =>
  fc.record({
    fills: fc.constant(fills),
    arriving: fc
      .tuple(
        fc.shuffledSubarray(fills, { minLength: fills.length, maxLength: fills.length }),
        fills.length === 0 ? fc.constant([]) : fc.array(fc.constantFrom(...fills), { maxLength: 6 }),
      )
      .map(([each, again]) => [...each, ...again]),
    batch: fc.integer({ min: 1, max: 5 }),
  }),
)

const sorted = (fills: readonly Fill[]): readonly Fill[] =>
  [...fills].sort((left, right) => left.venueTime - right.venueTime || Number(left.tradeId) - Number(right.tradeId))

const last = (fills: readonly Fill[], before: Book = emptyBook): Book =>
  foldFills(before, fills).at(-1)?.after ?? before

t.test('position, PnL and fees are those of exact arithmetic, to the last decimal', async () => {
  fc.assert(
    fc.property(someFills, (fills) => {
      const found = bookToText(last(fills))
      const expected = model(sorted(fills))
      assert.equal(units(found.position), expected.position)
      assert.equal(units(found.cost), expected.cost)
      assert.equal(units(found.realised), expected.realised)
      assert.equal(units(found.volumeQuote), expected.volume)
      assert.equal(units(found.feesQuote), expected.feesQuote)
      assert.deepEqual(
        new Map(Object.entries(found.fees).map(([currency, amount]) => [currency, units(amount)])),
        new Map([...expected.fees].sort()),
      )
      assert.equal(found.fills, fills.length)
    }),
    { numRuns: RUNS, seed },
  )
})

t.test('nothing is lost: realised less cost is the cash, and the cut is below 10⁻¹⁸ a close', async () => {
  fc.assert(
    fc.property(someFills, (fills) => {
      const { cost, realised, position } = bookToText(last(fills))
      const { cash, closes, exact } = model(sorted(fills))
      assert.equal(units(realised) - units(cost), cash)
      if (position === '0') assert.equal(cost, '0')
      // The cut of one close is carried on by the average of the ones after it, so the bound is on all of them.
      const difference = units(realised) * exact.under - exact.over
      assert.ok(size(difference) <= BigInt(closes * (closes + 1)) * CUT * exact.under, `${realised} after ${closes}`)
    }),
    { numRuns: RUNS, seed },
  )
})

t.test('fills in any order, repeated and late, in batches of any size, give the same book', async () => {
  fc.assert(
    fc.property(arrivals, ({ fills, arriving, batch }) => {
      // As the projection does it: what is stored after the earliest of a batch is counted again.
      let stored = foldFills(emptyBook, [])
      for (let begin = 0; begin < arriving.length; begin += batch) {
        const fresh = arriving.slice(begin, begin + batch)
        const first = sorted(fresh)[0] ?? assert.fail()
        const kept = stored.filter(({ fill }) => sorted([fill, first])[0] === fill && fill !== first)
        const again = stored.slice(kept.length).map(({ fill }) => fill)
        const before = bookOf(bookToText(kept.at(-1)?.after ?? emptyBook))
        stored = [...kept, ...foldFills(before, [...again, ...fresh])]
      }
      assert.deepEqual(
        stored.map(({ fill, after }) => ({ fill, after: bookToText(after) })),
        foldFills(emptyBook, fills).map(({ fill, after }) => ({ fill, after: bookToText(after) })),
      )
    }),
    { numRuns: RUNS, seed },
  )
})
