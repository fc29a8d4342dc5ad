import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import type { GridExecutorConfig } from '../../executors/executor-config.ts'
import { exactOf } from '../../numbers/exact.ts'
import { Decimal, everyDigitOf } from '../../positions/decimal.ts'
import { aGrid, barrierOf } from '../../testing/executors.ts'
import { gridLevels } from './grid-levels.ts'
import { UnsupportedExecutor } from './simulation.ts'

/** Put the seed of a failed run here to see it again. */
const seedToRepeat: number | undefined = undefined
const seed = seedToRepeat ?? Math.floor(Math.random() * 2 ** 31)
t.comment(`seed ${seed}`)

const grid = (given: Partial<GridExecutorConfig>): GridExecutorConfig =>
  aGrid({ total_amount_quote: 1000, triple_barrier_config: barrierOf({ take_profit: 0.001 }), ...given })

const levelsFrom = (start: string, end: string, total: number, spread: number) =>
  gridLevels(
    grid({
      start_price: exactOf(start),
      end_price: exactOf(end),
      total_amount_quote: total,
      min_spread_between_orders: spread,
    }),
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

const RULES = {
  min_order_size: 0,
  min_price_increment: 0.01,
  min_base_amount_increment: 0.01,
  min_notional_size: 5,
}

t.test('how many levels there are, and of what size', async (t) => {
  const of = (given: Partial<GridExecutorConfig>, rules?: typeof RULES) => {
    const { prices, amountQuote, takeProfit } = gridLevels(grid(given), 100, rules)
    return { levels: prices.length, amountQuote, takeProfit }
  }
  t.match(of({}), { levels: 4, amountQuote: 250, takeProfit: 0.001 }, 'by the spread')
  t.match(of({ total_amount_quote: 12 }), { levels: 2, amountQuote: 6 }, 'by the amount')
  t.match(of({ min_spread_between_orders: 0 }), { levels: 190 }, 'no spread: by the amount alone')
  t.match(of({ min_spread_between_orders: null, min_order_amount_quote: null }), { levels: 190 })
  t.match(of({ total_amount_quote: 4 }), { levels: 1, amountQuote: 5.25 }, 'at the least one, of the smallest order')
  t.match(of({ side: 'SELL' }), of({}), 'whichever way it trades')
  t.match(of({}, RULES), { levels: 4, amountQuote: 250 })
  t.match(of({ total_amount_quote: 999 }, RULES), { levels: 4, amountQuote: 249 }, 'amounts are whole steps')
  t.match(of({ min_spread_between_orders: 0 }, { ...RULES, min_price_increment: 2 }), { levels: 2 }, 'or by the tick')
  t.match(
    of({ min_spread_between_orders: 0 }, { ...RULES, min_price_increment: 0 }),
    { levels: 166, amountQuote: 6 },
    'without either by the amount',
  )
  t.match(of({ coerce_tp_to_step: true }), { takeProfit: 4 / 294 }, 'no profit below a step')
  const wide = { coerce_tp_to_step: true, triple_barrier_config: barrierOf({ take_profit: 0.5 }) }
  t.match(of(wide), { takeProfit: 0.5 })
})

t.test('more levels than can be held are refused, and how many they are is said', async (t) => {
  const many = { total_amount_quote: 1e12, min_spread_between_orders: 1e-12, min_order_amount_quote: 1e-9 }
  t.throws(() => gridLevels(grid(many), 100, undefined), {
    name: 'UnsupportedExecutor',
    message:
      /^grid_executor: the grid would have \d{10,} levels, and can have 1000000; give a larger min_spread_between_orders/,
  })
})

t.test('what the original fails at is refused', async (t) => {
  const refused = (given: Partial<GridExecutorConfig>, rules?: typeof RULES) =>
    t.throws(() => gridLevels(grid(given), 100, rules), UnsupportedExecutor)
  refused({ min_spread_between_orders: 0.05 })
  refused({ end_price: 98 })
  refused({ triple_barrier_config: barrierOf({}) })
  refused({}, { ...RULES, min_base_amount_increment: 0 })
  refused({ min_order_amount_quote: 0 }, { ...RULES, min_notional_size: 0 })
})
