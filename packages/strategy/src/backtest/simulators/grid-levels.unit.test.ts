import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { exactOf } from '../../numbers/exact.ts'
import { Decimal, everyDigitOf } from '../../positions/decimal.ts'
import { ANY_MARKET, barrierOf } from '../../testing/stepped.ts'
import { gridLevels } from './grid-levels.ts'

/** Put the seed of a failed run here to see it again. */
const seedToRepeat: number | undefined = undefined
const seed = seedToRepeat ?? Math.floor(Math.random() * 2 ** 31)
t.comment(`seed ${seed}`)

const levelsFrom = (start: string, end: string, total: number, spread: number) =>
  gridLevels(
    {
      ...ANY_MARKET,
      type: 'grid_executor',
      side: 'BUY',
      start_price: exactOf(start),
      end_price: exactOf(end),
      limit_price: 0,
      total_amount_quote: total,
      min_spread_between_orders: spread,
      min_order_amount_quote: 5,
      max_open_orders: 5,
      max_orders_per_batch: null,
      order_frequency: 0,
      activation_bounds: null,
      safe_extra_spread: 0.0001,
      triple_barrier_config: barrierOf({ take_profit: 0.001 }),
      deduct_base_fees: false,
      keep_position: false,
      coerce_tp_to_step: false,
    },
    Number(start),
    undefined,
  ).prices

t.test('levels are the doubles nearest to their decimals', async () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9_999_999 }),
      fc.integer({ min: 1, max: 400 }),
      fc.integer({ min: 0, max: 6 }),
      fc.integer({ min: 6, max: 1_500 }),
      (start, percent, places, total) => {
        const text = (value: number) => new Decimal(value).div(10 ** places).toString()
        const [from, to] = [text(start), text(Math.ceil(start * (1 + percent / 1_000)) + 1)]
        const prices = levelsFrom(from, to, total, 0)
        const [first, last] = [everyDigitOf(Number(from)), everyDigitOf(Number(to))]
        for (const [level, price] of prices.entries()) {
          const exact =
            prices.length === 1
              ? new Decimal(from).plus(to).div(2)
              : last
                  .minus(first)
                  .times(level)
                  .div(prices.length - 1)
                  .plus(first)
          assert.equal(price, exact.toNumber(), `level ${level} of ${prices.length} from ${from} to ${to}`)
        }
      },
    ),
    { seed, numRuns: 300 },
  )
})

t.test('a round level is the double that a round price is', async (t) => {
  t.ok(levelsFrom('98.5', '101', 271, 0.0001).includes(98.6))
  t.same(levelsFrom('98', '102', 27, 0.0005), [98, 99, 100, 101, 102])
})
