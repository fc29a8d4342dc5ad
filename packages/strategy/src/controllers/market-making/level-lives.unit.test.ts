import fc from 'fast-check'
import t from 'tap'
import type { BacktestMode } from '../../backtest/backtest.ts'
import { runBacktest } from '../../backtest/run-backtest.ts'
import type { Candles } from '../../candles.ts'
import type { Executor } from '../../executors/executor.ts'
import { randomWalk } from '../../testing/random-walk.ts'
import { longerCandles } from '../../testing/series.ts'
import { findController } from '../catalogue.ts'
import type { ControllerType } from '../controller.ts'

const QUOTES = { buy_spreads: '0.001,0.003', sell_spreads: '0.001,0.003', total_amount_quote: 1000 }

const lives = (
  [type, name]: readonly [ControllerType, string],
  changes: Record<string, unknown>,
  candles: Candles,
  mode: BacktestMode,
): readonly Executor[] => {
  const controller = findController(type, name)
  if (controller === undefined) throw new Error(`no ${name}`)
  const config = controller.schema.parse({ id: '', ...QUOTES, ...changes })
  const [market] = controller.markets(config)
  if (market === undefined) throw new Error(`${name} has no market`)
  const threeMinutes = longerCandles(candles, 180)
  return runBacktest({
    controller,
    config,
    market,
    candles,
    feed: ({ interval }) => (interval === '3m' ? threeMinutes : candles),
    rules: undefined,
    tradeCost: 0.0004,
    mode,
  }).executors
}

/** The executors of each level, in the order they were created. */
const byLevel = (executors: readonly Executor[]): readonly (readonly Executor[])[] => {
  const levels = new Map<string | null, Executor[]>()
  for (const executor of executors.toSorted((a, b) => a.timestamp - b.timestamp))
    levels.set(executor.levelId, [...(levels.get(executor.levelId) ?? []), executor])
  return [...levels.values()]
}

/** How many of them are alive at most at one moment. One that ends when another begins is gone. */
const mostAtOnce = (executors: readonly Executor[]): number =>
  Math.max(
    ...executors.map(
      ({ timestamp: now }) =>
        executors.filter(({ timestamp, closeTimestamp }) => timestamp <= now && now < (closeTimestamp ?? Infinity))
          .length,
    ),
  )

/** A walk as few numbers, for a failure to be readable. */
const walks = fc.record({ seed: fc.integer({ min: 1, max: 1e6 }), volatility: fc.constantFrom(0.001, 0.003) })
const candlesOf = (walk: { readonly seed: number; readonly volatility: number }): Candles =>
  randomWalk({ ...walk, rows: 700, step: 60, start: 100, decimals: 2, drift: 0, wick: 0.001 })
const modes = fc.constantFrom<BacktestMode>('hummingbot', 'realistic')

const MAKERS: readonly (readonly [ControllerType, string, Record<string, unknown>, number])[] = [
  ['market_making', 'pmm_simple', { stop_loss: 0.004 }, 1],
  ['market_making', 'pmm_dynamic', { buy_spreads: '1,2', sell_spreads: '1,2', stop_loss: 0.004 }, 1],
  ['market_making', 'dman_maker_v2', { dca_spreads: '0,0.001', dca_amounts: '' }, 1],
  ['generic', 'pmm', { take_profit: 0.002 }, 1],
  ['generic', 'pmm_v1', { total_amount_quote: 0 }, 1],
  [
    'generic',
    'pmm_mister',
    {
      buy_amounts_pct: '',
      sell_amounts_pct: '',
      min_base_pct: 0.05,
      position_mode: 'HEDGE',
      connector_name: 'binance_perpetual',
    },
    4,
  ],
]

t.test('a level never has more executors than it may have', async (t) => {
  for (const [type, name, changes, most] of MAKERS) {
    let created = 0
    fc.assert(
      fc.property(walks, modes, (walk, mode) => {
        const levels = byLevel(lives([type, name], changes, candlesOf(walk), mode))
        created += levels.flat().length
        return levels.every((executors) => mostAtOnce(executors) <= most)
      }),
      { numRuns: 6 },
    )
    t.ok(created > 100, `${name}: ${created} executors`)
  }
})

t.test('a level that was stopped out rests for the cooldown', async (t) => {
  let stops = 0
  fc.assert(
    fc.property(walks, modes, fc.constantFrom(15, 60, 300), (walk, mode, cooldown_time) => {
      const changes = { stop_loss: 0.003, cooldown_time }
      return byLevel(lives(['market_making', 'pmm_simple'], changes, candlesOf(walk), mode)).every((executors) =>
        executors.every((executor, at) => {
          const before = executors[at - 1]
          if (before?.closeType !== 'STOP_LOSS') return true
          stops++
          return executor.timestamp - (before.closeTimestamp ?? 0) >= cooldown_time
        }),
      )
    }),
    { numRuns: 10 },
  )
  t.ok(stops > 10, `${stops} stops`)
})

t.test('on spot what the sells need is bought once, where a purchase is seen at once', async (t) => {
  fc.assert(
    fc.property(walks, (walk) => {
      const changes = { connector_name: 'binance', position_rebalance_threshold_pct: 0.5 }
      const executors = lives(['market_making', 'pmm_simple'], changes, candlesOf(walk), 'realistic')
      return executors.filter(({ levelId }) => levelId === 'position_rebalance').length === 1
    }),
    { numRuns: 6 },
  )
  const late = lives(
    ['market_making', 'pmm_simple'],
    { connector_name: 'binance' },
    candlesOf({ seed: 1, volatility: 0.001 }),
    'hummingbot',
  )
  const rebalances = late.filter(({ levelId }) => levelId === 'position_rebalance')
  t.same(
    rebalances.slice(0, 2).map(({ side }) => side),
    ['BUY', 'BUY'],
    'the original buys twice: it sees a purchase too late',
  )
})
