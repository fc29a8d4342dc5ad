import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { anyDca, anyGrid, anyOrder, anyPosition } from '../../../testing/arbitrary-executors.ts'
import { plainDca } from '../../../testing/plain/dca.ts'
import { plainGrid } from '../../../testing/plain/grid.ts'
import { isReached, type PlainOutcome, type PlainRow } from '../../../testing/plain/outcome.ts'
import { plainPosition } from '../../../testing/plain/position.ts'
import { marketOf, stepped } from '../../../testing/stepped.ts'
import { gridLevels } from '../grid-levels.ts'
import { type Simulation, UnsupportedExecutor } from '../simulation.ts'
import { HummingbotDca } from './dca.ts'
import { HummingbotGrid } from './grid.ts'
import { HummingbotOrder } from './order.ts'
import { HummingbotPosition } from './position.ts'

/** Put the seed of a failed run here to see it again. */
const seedToRepeat: number | undefined = undefined
const seed = seedToRepeat ?? Math.floor(Math.random() * 2 ** 31)
t.comment(`seed ${seed}`)
const settings = { seed, numRuns: 1_000 }

const close = (actual: number, expected: number, at: string) =>
  assert.ok(
    Math.abs(actual - expected) <= Math.max(1e-11, 1e-9 * Math.abs(expected)),
    `${at}: ${actual} is not ${expected}`,
  )

const sameRows = (actual: readonly PlainRow[], { rows, closeType }: PlainOutcome, simulation: Simulation) => {
  assert.equal(simulation.closeType, closeType)
  assert.equal(actual.length, rows.length, 'rows')
  for (const [n, row] of rows.entries())
    for (const key of ['pct', 'pnl', 'fees', 'filled', 'average'] as const)
      close(actual[n]?.[key] ?? Number.NaN, row[key], `row ${n} ${key}`)
}

t.test('a position steps to where the plain rule ends', async () => {
  fc.assert(
    fc.property(anyPosition(0.004), ({ candles, start, cost, config, limits: [limit = ''] }) => {
      const simulation = new HummingbotPosition('p', config, marketOf(candles, cost), start)
      sameRows(stepped(simulation, start), plainPosition(config, limit, candles, start, cost), simulation)
    }),
    settings,
  )
})

t.test('a DCA steps to where the plain rule ends', async (t) => {
  const seen = { raised: 0, traded: 0, idle: 0 }
  fc.assert(
    fc.property(anyDca(0.004), ({ candles, start, cost, config, limits }) => {
      const plain = plainDca(config, limits, candles, start, cost)
      const make = () => new HummingbotDca('d', config, marketOf(candles, cost), start)
      if (plain === 'raises') {
        assert.throws(make, UnsupportedExecutor)
        seen.raised += 1
        return
      }
      assert.notEqual(plain, 'FAILED', 'the last stage always has an end of its own')
      const simulation = make()
      sameRows(stepped(simulation, start), plain as PlainOutcome, simulation)
      if (simulation.filledAmountQuote > 0) seen.traded += 1
      else seen.idle += 1
    }),
    settings,
  )
  for (const [kind, count] of Object.entries(seen)) t.ok(count > 20, `${kind}: ${count}`)
})

t.test('a grid steps to where the plain rule ends, through the same fills', async (t) => {
  let fills = 0
  fc.assert(
    fc.property(anyGrid(0.004), ({ candles, start, cost, config }) => {
      const market = marketOf(candles, cost)
      const levels = (() => {
        try {
          return gridLevels(config, candles.close[start] as number, undefined)
        } catch (error) {
          assert.ok(error instanceof UnsupportedExecutor)
          return undefined
        }
      })()
      if (levels === undefined) {
        assert.throws(() => new HummingbotGrid('g', config, market, start), UnsupportedExecutor)
        return
      }
      const plain = plainGrid(config, levels, candles, start, cost)
      const simulation = new HummingbotGrid('g', config, market, start)
      sameRows(stepped(simulation, start), plain, simulation)
      assert.deepEqual(simulation.grid.fills, plain.fills)
      fills += plain.fills.length
    }),
    settings,
  )
  t.ok(fills > 1_000, `${fills} fills`)
})

t.test('an order fills at the first close at its price', async () => {
  fc.assert(
    fc.property(anyOrder(0.004), ({ candles, start, cost, config, limits: [limit = ''] }) => {
      const { side, execution_strategy: strategy, amount } = config
      const first = candles.close[start] as number
      const capped = side === 'BUY' ? Math.min(Number(limit), first) : Math.max(Number(limit), first)
      const price = strategy === 'LIMIT_MAKER' ? capped : Number(limit)
      const atOnce = strategy === 'MARKET' || strategy === 'LIMIT_CHASER'
      const row = candles.close.findIndex(
        (close, row) => row >= start && (atOnce || (side === 'BUY' ? close <= price : close >= price)),
      )
      const simulation = new HummingbotOrder('o', config, marketOf(candles, cost), start)
      const rows = stepped(simulation, start)
      if (row < 0) {
        assert.equal(simulation.closeType, 'EXPIRED')
        assert.equal(rows.length, candles.length - start)
        assert.equal(simulation.filledAmountQuote, 0)
        return
      }
      const close = candles.close[row] as number
      assert.equal(simulation.closeType, 'POSITION_HOLD')
      assert.equal(rows.length, row - start + 1)
      assert.equal(simulation.averagePrice, close)
      assert.equal(simulation.filledAmountQuote, amount * close)
      assert.equal(simulation.cumFeesQuote, cost * simulation.filledAmountQuote)
    }),
    settings,
  )
})

t.test('a limit is compared as the decimal it is, not as the nearest double', async (t) => {
  // The double of 99.93 lies above 99.93, that of 100.61 below.
  t.equal(isReached('BUY', 99.93, '99.93'), false)
  t.equal(isReached('BUY', 100.61, '100.61'), true)
})
