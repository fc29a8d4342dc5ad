import t from 'tap'
import { findController } from '../controllers/catalogue.ts'
import { randomWalk } from '../testing/random-walk.ts'
import { runBacktest } from './run-backtest.ts'

const MARKET = { connector_name: 'binance', trading_pair: 'AAA-USDT' }

const candles = randomWalk({
  seed: 11,
  rows: 3_000,
  step: 60,
  start: 100,
  decimals: 2,
  drift: 0,
  volatility: 0.004,
  wick: 0.002,
})

const run = (name: string, type: 'generic' | 'market_making', own: object) => {
  const controller = findController(type, name)
  if (controller === undefined) throw new Error(`there is no ${name}`)
  const config = controller.schema.parse({
    id: 'equity',
    controller_type: type,
    controller_name: name,
    ...MARKET,
    total_amount_quote: 1000,
    ...own,
  })
  const input = {
    controller,
    config,
    market: MARKET,
    candles,
    feed: () => candles,
    rules: undefined,
    tradeCost: 0.0006,
  }
  return runBacktest({ ...input, mode: 'realistic' })
}

const runs = {
  'a grid that keeps its inventory when it gives up': () =>
    run('grid_strike', 'generic', {
      side: 1,
      start_price: '97',
      end_price: '103',
      limit_price: '96',
      keep_position: true,
      min_spread_between_orders: '0.002',
      min_order_amount_quote: '10',
      triple_barrier_config: { take_profit: '0.003', open_order_type: 3, take_profit_order_type: 3 },
    }),
  'a market maker on spot, which buys what it is to sell': () =>
    run('pmm_simple', 'market_making', {
      buy_spreads: '0.002,0.004',
      sell_spreads: '0.002,0.004',
      executor_refresh_time: 300,
      cooldown_time: 15,
      stop_loss: '0.03',
      take_profit: '0.004',
      time_limit: 2700,
    }),
}

for (const [name, backtest] of Object.entries(runs)) {
  t.test(`what was made and what is open add up to the last equity: ${name}`, async (t) => {
    const { results, pnl, executors, holds } = backtest()
    const last = pnl.length - 1
    const equity = (pnl.total[last] ?? Number.NaN) + (pnl.executorUnrealized[last] ?? Number.NaN)
    t.ok(
      executors.some(({ closeType }) => closeType === 'POSITION_HOLD'),
      'some became a position',
    )
    t.ok(holds.length > 0)
    t.ok(Math.abs(results.net_pnl_quote + results.unrealized_pnl_quote - equity) < 1e-6, `${equity}`)
  })
}
