import t from 'tap'
import type { Candles } from '../../candles.ts'
import { bandwidth, bollingerBands } from '../../indicators/bollinger.ts'
import { nearest } from '../../numbers/exact.ts'
import { anExecutor, aWorld } from '../../testing/world.ts'
import type { Action, World } from '../controller.ts'
import { quantumGridAllocator } from './quantum-grid-allocator.ts'

const configured = (changes = {}) =>
  quantumGridAllocator.schema.parse({
    id: 'qga',
    portfolio_allocation: { SOL: '0.5' },
    grid_range: '0.01',
    tp_sl_ratio: '0.8',
    limit_price_spread: '0.001',
    ...changes,
  })

/** A portfolio of 10,000 of which SOL, at 100, is to be half. */
const owning = (sol: number, changes: Partial<World> = {}): World =>
  aWorld({
    balance: (connector, asset) =>
      connector !== 'binance' ? 0 : asset === 'SOL' ? sol : asset === 'USDT' ? 10_000 - sol * 100 : 0,
    ...changes,
  })

const grids = (actions: readonly Action[]) =>
  actions.map((action) => {
    if (action.type !== 'create' || action.executor.type !== 'grid_executor') return action.type
    const { side, start_price, end_price, limit_price, total_amount_quote } = action.executor
    const prices = [start_price, end_price, limit_price].map((price) => Number(nearest(price).toFixed(8)))
    return [side, ...prices, Number(total_amount_quote.toFixed(8))]
  })

const CASES = [
  ['far too little: only buys', 39, [['BUY', 99.8, 100.8, 99.7002, 750]]],
  ['too little, just beyond the threshold', 39.9, [['BUY', 99.8, 100.8, 99.7002, 750]]],
  ['far too much: only sells', 61, [['SELL', 99.2, 100.2, 100.3002, 750]]],
  [
    'too little, within the threshold',
    45,
    [
      ['BUY', 99.6, 100.8, 99.5004, 750],
      ['SELL', 99.2, 100.4, 100.5004, 750],
    ],
  ],
  [
    'too little by next to nothing: smaller grids',
    49,
    [
      ['BUY', 99.6, 100.8, 99.5004, 400],
      ['SELL', 99.2, 100.4, 100.5004, 400],
    ],
  ],
  [
    'too much, within the threshold',
    51,
    [
      ['SELL', 98.4, 100.2, 100.3002, 400],
      ['BUY', 99.8, 101.6, 99.7002, 400],
    ],
  ],
  ['exactly enough', 50, []],
] as const

t.test('which grids an asset gets', async (t) => {
  const decide = quantumGridAllocator.start(configured())
  for (const [what, sol, expected] of CASES) t.strictSame(grids(decide(owning(sol))), expected, what)
})

t.test('no more than is missing', async (t) => {
  const decide = quantumGridAllocator.start(configured({ long_only_threshold: 0.01, max_grid_value_pct: '0.5' }))
  t.match(grids(decide(owning(40))), [['BUY', 99.8, 100.8, 99.7002, 1000]])
})

t.test('a grid is what the configuration says', async (t) => {
  const [action] = quantumGridAllocator.start(configured())(owning(30))
  t.match(action, {
    type: 'create',
    executor: {
      type: 'grid_executor',
      connector_name: 'binance',
      trading_pair: 'SOL-USDT',
      min_spread_between_orders: 0.0001,
      min_order_amount_quote: 5,
      max_open_orders: 2,
      max_orders_per_batch: 1,
      order_frequency: 2,
      activation_bounds: 0.0002,
      safe_extra_spread: 0.0001,
      triple_barrier_config: {
        stop_loss: null,
        take_profit: 0.0001,
        time_limit: null,
        trailing_stop: null,
        open_order_type: 'LIMIT_MAKER',
        take_profit_order_type: 'LIMIT_MAKER',
      },
      leverage: 1,
      keep_position: true,
      coerce_tp_to_step: true,
    },
  })
})

t.test('an asset that has a grid gets no other', async (t) => {
  const decide = quantumGridAllocator.start(configured({ portfolio_allocation: { SOL: 0.5, ETH: 0.2 } }))
  const [sol, eth] = decide(owning(30))
  if (sol?.type !== 'create' || eth?.type !== 'create') throw new TypeError('a grid is missing')
  t.match(decide(owning(30, { active: [anExecutor(sol.executor)] })), [{ executor: { trading_pair: 'ETH-USDT' } }])
  t.strictSame(decide(owning(30, { active: [anExecutor(sol.executor), anExecutor(eth.executor)] })), [])
})

t.test('a grid that is too small is none', async (t) => {
  const decide = quantumGridAllocator.start(configured())
  const rules = (min_notional_size: number) => () => ({
    min_order_size: 0,
    min_price_increment: 0,
    min_base_amount_increment: 0,
    min_notional_size,
  })
  t.equal(decide(owning(30, { rules: rules(150) })).length, 1)
  t.equal(decide(owning(30, { rules: rules(151) })).length, 0)
  t.strictSame(decide(aWorld()), [], 'where nothing is owned')
})

t.test('the range is that of the bands when it is to follow them', async (t) => {
  const config = configured({ dynamic_grid_range: true, bb_length: 3, tp_sl_ratio: '0.5' })
  const close = Float64Array.from({ length: 300 }, (_, row) => 100 + Math.sin(row))
  const candles: Candles = {
    length: close.length,
    timestamp: close,
    open: close,
    high: close,
    low: close,
    close,
    volume: close,
    extra: new Map(),
  }
  const feed = quantumGridAllocator.feeds?.(config)[0]
  t.strictSame(feed, { connector: 'binance', pair: 'SOL-USDT', interval: '1s', window: 103 })
  const width = (bandwidth(bollingerBands(close.subarray(300 - 103), 3, 2)).at(-1) ?? 0) / 100
  const decide = quantumGridAllocator.start(config)
  const [grid] = grids(decide(owning(30, { candles: () => candles })))
  t.strictSame(
    grid?.slice(1, 3),
    [100 * (1 - width / 2), 100 * (1 + width / 2)].map((x) => Number(x.toFixed(8))),
  )
  t.strictSame(decide(owning(30)), [], 'and without candles there is none')
  const cheap = { ...candles, close: close.map((price) => price / 1e7) }
  t.same(
    grids(decide(owning(30, { candles: () => cheap })))[0]?.slice(1, 3),
    grid?.slice(1, 3),
    'a cheap token moves as much',
  )
  const still = { ...candles, close: close.map(() => 100) }
  t.strictSame(decide(owning(30, { candles: () => still })), [], 'and what does not move has no range')
  t.strictSame(decide(owning(30, { candles: () => ({ ...candles, length: 2 }) })), [])
})

t.test('what is allocated is less than everything, and not the money itself', async (t) => {
  const whys = (portfolio_allocation: object) =>
    quantumGridAllocator.schema
      .safeParse({ id: 'a', portfolio_allocation })
      .error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  t.strictSame(whys({ SOL: 0.5, ETH: 0.5 }), [
    'portfolio_allocation: Value error, the allocations must add up to less than 1, not to 1',
  ])
  t.equal(whys({ A: 0.1, B: 0.2, C: 0.7 })?.length, 1, 'which as doubles make a bit less than 1')
  t.strictSame(whys({ USDT: 0.5 }), [
    'portfolio_allocation: Value error, USDT is what is left over and cannot be allocated',
  ])
  t.strictSame(whys({ SOL: 'x' }), ['portfolio_allocation.SOL: Input should be a valid decimal'])
})
