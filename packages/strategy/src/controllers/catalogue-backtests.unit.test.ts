import t from 'tap'
import type { BacktestMode } from '../backtest/backtest.ts'
import { runBacktest } from '../backtest/run-backtest.ts'
import type { CandleFeed, Candles } from '../candles.ts'
import { randomWalk } from '../testing/random-walk.ts'
import { longerCandles } from '../testing/series.ts'
import { CONTROLLERS } from './catalogue.ts'
import type { Controller } from './controller.ts'

/** A price that the default grid of grid_strike is around, and enough movement for every signal. */
const candles = randomWalk({
  seed: 7,
  rows: 3000,
  step: 60,
  start: 0.5,
  decimals: 6,
  drift: 0,
  volatility: 0.006,
  wick: 0.001,
})
const threeMinutes = longerCandles(candles, 180)
const feed = ({ interval }: CandleFeed): Candles => (interval === '3m' ? threeMinutes : candles)

/** What leaves a controller without an executor although it is in order. */
const IDLE = new Map([
  ['arbitrage_controller', 'its executors trade on two markets, which no backtest does'],
  ['xemm_multiple_levels', 'as well'],
  ['hedge_asset', 'nothing is owned in a backtest'],
  ['quantum_grid_allocator', 'as well'],
  ['multi_grid_strike', 'it has no grids unless they are given'],
  ['stat_arb', 'both of its markets have the same candles here'],
])

const run = (controller: Controller, mode: BacktestMode) => {
  const config = controller.schema.parse({ id: '' })
  const [market] = controller.markets(config)
  if (market === undefined) throw new TypeError(`${controller.name} has no market`)
  const { executors, results } = runBacktest({
    controller,
    config,
    market,
    candles,
    feed,
    rules: undefined,
    tradeCost: 0.0006,
    mode,
  })
  return {
    executors: executors.map(({ id, timestamp, closeType, netPnlQuote }) => ({
      id,
      timestamp,
      closeType,
      netPnlQuote,
    })),
    results,
  }
}

for (const controller of CONTROLLERS) {
  t.test(`${controller.name} runs as it is by default, and the same way every time`, async (t) => {
    for (const mode of ['hummingbot', 'realistic'] as const) {
      const first = run(controller, mode)
      t.strictSame(run(controller, mode), first, mode)
      t.equal(first.executors.length > 0, !IDLE.has(controller.name), `${mode}: ${first.executors.length} executors`)
    }
  })
}
