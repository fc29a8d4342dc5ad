import t from 'tap'
import { runBacktest } from '../backtest/run-backtest.ts'
import { findController } from '../controllers/catalogue.ts'
import { randomWalk } from '../testing/random-walk.ts'
import { rowAt } from './browser/row-at.ts'
import { reportOf } from './from-result.ts'
import { tradePrices } from './trade-prices.ts'

const market = { connector_name: 'binance', trading_pair: 'AAA-USDT' }
const candles = randomWalk({
  seed: 5,
  rows: 4_000,
  step: 60,
  start: 100,
  decimals: 2,
  drift: 0,
  volatility: 0.003,
  wick: 0.002,
})

const report = (
  mode: 'hummingbot' | 'realistic',
  type: 'directional_trading' | 'market_making',
  given: { readonly controller_name: string },
) => {
  const controller = findController(type, given.controller_name)
  if (controller === undefined) throw new Error(`there is no ${given.controller_name}`)
  const config = controller.schema.parse({ id: 'prices', controller_type: type, ...market, ...given })
  const feed = () => candles
  const result = runBacktest({ controller, config, market, candles, feed, rules: undefined, tradeCost: 0.0006, mode })
  return reportOf(result, {
    controller: controller.name,
    config: given,
    market,
    interval: '1m',
    mode,
    tradeCost: 0.0006,
  })
}

const cases = [
  [
    'directional_trading',
    { controller_name: 'bollinger_v1', interval: '1m', bb_length: 30, take_profit: '0.004', stop_loss: '0.005' },
  ],
  [
    'market_making',
    {
      controller_name: 'pmm_simple',
      buy_spreads: [0.002],
      sell_spreads: [0.002],
      take_profit: '0.002',
      executor_refresh_time: 600,
    },
  ],
] as const

for (const mode of ['hummingbot', 'realistic'] as const)
  t.test(`in ${mode} mode entries and exits lie within their candles and make the profit`, async (t) => {
    for (const [type, given] of cases) {
      const { executors, candles } = report(mode, type, given)
      let traded = 0
      for (const executor of executors) {
        const { entry, exit } = tradePrices(executor, candles, mode)
        if (entry === 0 || exit === 0) continue
        traded++
        const places = [
          [entry, executor.openOrderLastUpdate],
          [exit, executor.closeTimestamp ?? 0],
        ] as const
        for (const [price, time] of places) {
          const row = rowAt(candles.timestamp, time)
          const [low = 0, high = 0] = [candles.low[row], candles.high[row]]
          if (price < low * (1 - 1e-9) || price > high * (1 + 1e-9)) t.fail(`${price} is not in ${low} to ${high}`)
        }
        const moved = (exit / entry - 1) * (executor.side === 'SELL' ? -1 : 1)
        // Fees of both ways; in realistic mode each of its own value.
        if (Math.abs(moved - executor.netPnlPct - 0.0012) > 2e-5) t.fail(`${moved} makes ${executor.netPnlPct}`)
      }
      t.ok(traded > 50, `${given.controller_name}: ${traded} trades`)
    }
  })
