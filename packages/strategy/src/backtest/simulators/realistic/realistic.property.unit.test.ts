import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import type { Candles } from '../../../candles.ts'
import { nearest } from '../../../numbers/exact.ts'
import { anyDca, anyGrid, anyOrder, anyPosition, type Situation } from '../../../testing/arbitrary-executors.ts'
import { marketOf, stepped } from '../../../testing/stepped.ts'
import { simulate } from '../simulate.ts'
import type { SimulatedConfig } from '../simulated-executor.ts'
import { type Simulation, UnsupportedExecutor } from '../simulation.ts'

/** Put the seed of a failed run here to see it again. */
const seedToRepeat: number | undefined = undefined
const seed = seedToRepeat ?? Math.floor(Math.random() * 2 ** 31)
t.comment(`seed ${seed}`)
const settings = { seed, numRuns: 600 }

const GAP = 0.01
const anyExecutor: fc.Arbitrary<Situation<SimulatedConfig>> = fc.oneof<fc.Arbitrary<Situation<SimulatedConfig>>[]>(
  anyPosition(GAP),
  anyOrder(GAP),
  anyDca(GAP),
  anyGrid(GAP),
)

/** Undefined where it cannot be simulated at all, which is a rule of its own. */
const created = ({ config, candles, cost, start }: Situation<SimulatedConfig>): Simulation | undefined => {
  try {
    return simulate.realistic('r', config, marketOf(candles, cost), start)
  } catch (error) {
    assert.ok(error instanceof UnsupportedExecutor)
    return undefined
  }
}

const same = (actual: number, expected: number, what: string) =>
  assert.ok(
    Math.abs(actual - expected) <= 1e-9 * Math.max(1, Math.abs(expected)),
    `${what}: ${actual}, not ${expected}`,
  )

/** A price must have been there, give or take the last digits of a division. */
const assertThere = ({ high, low }: Candles, row: number, price: number, what: string) =>
  assert.ok(
    price <= (high[row] as number) * (1 + 1e-9) && price >= (low[row] as number) * (1 - 1e-9),
    `${what} at ${price} on row ${row}, between ${low[row]} and ${high[row]}`,
  )

const rowOf = ({ timestamp }: Candles, time: number | null): number => timestamp.indexOf(time ?? Number.NaN)
const signOf = ({ side }: { readonly side: 'BUY' | 'SELL' }) => (side === 'BUY' ? 1 : -1)

t.test('nothing is traded before the candle after the one it was decided on, and each trade pays its fee', async () => {
  fc.assert(
    fc.property(anyExecutor, (situation) => {
      const { candles, start, cost } = situation
      const simulation = created(situation)
      if (simulation === undefined) return
      assert.equal(simulation.filledAmountQuote, 0)
      assert.equal(simulation.netPnlQuote, 0)
      for (const row of stepped(simulation, start)) same(row.fees, cost * row.filled, 'fees')
      assert.ok(rowOf(candles, simulation.closeTimestamp) > start || start === candles.length - 1)
    }),
    settings,
  )
})

t.test('what it says on a row does not depend on the rows that follow', async () => {
  fc.assert(
    fc.property(anyExecutor, fc.nat(200), (situation, at) => {
      const { candles, start } = situation
      const whole = created(situation)
      if (whole === undefined) return
      const rows = stepped(whole, start)
      const until = start + 1 + (at % rows.length)
      const cut = created({ ...situation, candles: { ...candles, length: until } })
      assert.ok(cut)
      const seen = stepped(cut, start)
      assert.equal(seen.length, until - start)
      // On its last row it has to end, and may have had to go on.
      const ended = until - start === rows.length
      assert.deepEqual(ended ? seen : seen.slice(0, -1), ended ? rows : rows.slice(0, until - start - 1))
      if (ended && whole.closeTimestamp !== candles.timestamp[candles.length - 1])
        assert.equal(cut.closeType, whole.closeType)
    }),
    settings,
  )
})

t.test(
  'a position enters and leaves at prices that were there, and its profit is what came in less what went out',
  async (t) => {
    const ends = new Map<string, number>()
    fc.assert(
      fc.property(anyPosition(GAP), (situation) => {
        const { candles, start, cost, config } = situation
        const simulation = created(situation)
        assert.ok(simulation)
        stepped(simulation, start)
        ends.set(`${simulation.closeType}`, (ends.get(`${simulation.closeType}`) ?? 0) + 1)
        if (simulation.filledAmountQuote === 0) {
          assert.equal(simulation.closeType, 'TIME_LIMIT')
          assert.equal(simulation.netPnlQuote, 0)
          return
        }
        const [sign, price] = [signOf(config), simulation.averagePrice]
        const [entryRow, exitRow] = [simulation.openOrderLastUpdate, simulation.closeTimestamp].map((time) =>
          rowOf(candles, time),
        )
        assertThere(candles, entryRow as number, price, 'entry')
        const entry = config.amount * price
        const exit = simulation.filledAmountQuote - entry
        assertThere(candles, exitRow as number, exit / config.amount, 'exit')
        same(simulation.netPnlQuote, sign * (exit - entry) - cost * (exit + entry), 'profit')
        same(simulation.netPnlPct, simulation.netPnlQuote / entry, 'profit of the entry')
        same(simulation.realizedPnlQuote, simulation.netPnlQuote, 'realized')
        const { open_order_type, stop_loss, take_profit } = config.triple_barrier_config
        if (open_order_type !== 'MARKET')
          assert.ok(sign * price <= sign * nearest(config.entry_price) + 1e-9, 'entry within the limit')
        const gain = (sign * (exit - entry)) / entry
        if (simulation.closeType === 'STOP_LOSS')
          assert.ok(gain <= -(stop_loss ?? 0) + 1e-9, 'stopped at the stop or worse')
        if (simulation.closeType === 'TAKE_PROFIT') assert.ok(gain >= (take_profit ?? 0) - 1e-9, 'took its profit')
      }),
      settings,
    )
    for (const end of ['STOP_LOSS', 'TAKE_PROFIT', 'TRAILING_STOP', 'TIME_LIMIT'])
      t.ok((ends.get(end) ?? 0) > 10, `${end}: ${ends.get(end)}`)
  },
)

t.test('a DCA holds whole levels, and its profit is what came in less what went out', async (t) => {
  let several = 0
  fc.assert(
    fc.property(anyDca(GAP), (situation) => {
      const { candles, start, cost, config } = situation
      const simulation = created(situation)
      assert.ok(simulation)
      stepped(simulation, start)
      if (simulation.netPnlQuote === 0) return
      const sign = signOf(config)
      const entry = simulation.netPnlQuote / simulation.netPnlPct
      const exit = simulation.filledAmountQuote - entry
      const base = entry / simulation.averagePrice
      same(simulation.netPnlQuote, sign * (exit - entry) - cost * (exit + entry), 'profit')
      assertThere(candles, rowOf(candles, simulation.closeTimestamp), exit / base, 'exit')
      // They fill from the one nearest to the market on.
      const levels = config.prices
        .map((price, level) => ({ price: nearest(price), amount: config.amounts_quote[level] as number }))
        .toSorted((a, b) => sign * (b.price - a.price))
      const sums = levels.map((_, n) =>
        levels.slice(0, n + 1).reduce((total, { price, amount }) => total + amount / price, 0),
      )
      const filled = sums.findIndex((total) => Math.abs(total - base) < 1e-6 * base)
      assert.ok(filled >= 0, `${base} is no sum of levels: ${sums}`)
      if (filled > 0) several += 1
      if (simulation.closeType === 'STOP_LOSS') assert.equal(filled, levels.length - 1, 'the stop waits for all levels')
    }),
    settings,
  )
  t.ok(several > 50, `${several} filled more than one level`)
})

t.test(
  'a grid buys and sells at prices that were there, and its profit is what came in less what went out',
  async (t) => {
    let trips = 0
    const ends = new Set<string | null>()
    fc.assert(
      fc.property(anyGrid(GAP), (situation) => {
        const { candles, start, cost, config } = situation
        const simulation = created(situation)
        if (simulation === undefined) return
        stepped(simulation, start)
        ends.add(simulation.closeType)
        const sign = signOf(config)
        const open = new Map<number, { readonly base: number; readonly value: number }>()
        let [entries, exits] = [0, 0]
        for (const { timestamp, price, side, levelIndex, amountQuote } of simulation.grid?.fills ?? []) {
          assertThere(candles, rowOf(candles, timestamp), price, side)
          const held = open.get(levelIndex)
          if (side === 'entry') {
            assert.equal(held, undefined, 'a level is entered once')
            open.set(levelIndex, { base: amountQuote / price, value: amountQuote })
            entries += amountQuote
          } else {
            assert.ok(held, 'what leaves was there')
            exits += held.base * price
            open.delete(levelIndex)
            trips += 1
          }
        }
        const left = [...open.values()]
        const [base, value] = [
          left.reduce((sum, { base }) => sum + base, 0),
          left.reduce((sum, { value }) => sum + value, 0),
        ]
        const last = simulation.filledAmountQuote - entries - exits
        if (simulation.leaves !== undefined) {
          assert.equal(simulation.closeType, 'POSITION_HOLD')
          same(simulation.leaves.base ?? Number.NaN, base, 'inventory')
          same(simulation.leaves.quote, value, 'what it cost')
          same(last, 0, 'nothing was sold at the end')
          same(simulation.netPnlQuote, sign * (exits - (entries - value)) - cost * (exits + entries - value), 'profit')
          return
        }
        if (base > 0) assertThere(candles, rowOf(candles, simulation.closeTimestamp), last / base, 'the last exit')
        same(simulation.netPnlQuote, sign * (exits + last - entries) - cost * (exits + last + entries), 'profit')
        same(simulation.realizedPnlQuote, simulation.netPnlQuote, 'realized')
      }),
      settings,
    )
    t.ok(trips > 200, `${trips} round trips`)
    for (const end of ['TAKE_PROFIT', 'STOP_LOSS', 'TIME_LIMIT', 'POSITION_HOLD']) t.ok(ends.has(end), end)
  },
)

t.test('an order fills once, within its limit, and all of it is kept', async () => {
  fc.assert(
    fc.property(anyOrder(GAP), (situation) => {
      const { candles, start, cost, config } = situation
      const simulation = created(situation)
      assert.ok(simulation)
      stepped(simulation, start)
      if (simulation.leaves === undefined) {
        assert.equal(simulation.closeType, 'EXPIRED')
        assert.equal(simulation.filledAmountQuote, 0)
        return
      }
      const { base, quote, averagePrice, feesQuote } = simulation.leaves
      assert.equal(base, config.amount)
      assertThere(candles, rowOf(candles, simulation.closeTimestamp), averagePrice, 'fill')
      same(quote, config.amount * averagePrice, 'value')
      same(feesQuote, cost * quote, 'fees')
      const sign = signOf(config)
      if (config.execution_strategy === 'LIMIT' || config.execution_strategy === 'LIMIT_MAKER')
        assert.ok(sign * averagePrice <= sign * nearest(config.price ?? 0) + 1e-9)
      if (config.execution_strategy === 'MARKET') assert.equal(rowOf(candles, simulation.closeTimestamp), start + 1)
      assert.equal(simulation.realizedPnlQuote, 0)
    }),
    settings,
  )
})
