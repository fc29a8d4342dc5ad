import t from 'tap'
import type { ExecutorConfig } from '../../executors/executor-config.ts'
import { exactOf, minus, nearest } from '../../numbers/exact.ts'
import { configOf, featuresOf } from '../../testing/features.ts'
import { candlesOf } from '../../testing/series.ts'
import { anExecutor, aWorld, MARKET } from '../../testing/world.ts'
import type { Action, Controller, ControllerConfig, World } from '../controller.ts'
import { bollingerV1 } from './bollinger-v1.ts'
import { bollingrid } from './bollingrid.ts'
import { dmanV3 } from './dman-v3.ts'

const decide = <C extends ControllerConfig>(
  controller: Controller<C>,
  config: Readonly<Record<string, unknown>>,
  features: Readonly<Record<string, number>>,
  world: Partial<World> = {},
): readonly Action[] =>
  controller.start(configOf(controller, config))(
    aWorld({ feature: (column) => features[column] ?? Number.NaN, ...world }),
  )

const opened = ([action]: readonly Action[]): ExecutorConfig | undefined =>
  action?.type === 'create' ? action.executor : undefined

const position = (side: 'BUY' | 'SELL', timestamp: number) => {
  const config = opened(decide(bollingerV1, {}, { signal: side === 'BUY' ? 1 : -1 }))
  if (config === undefined) throw new Error('a signal opens a position')
  return anExecutor(config, { timestamp })
}

t.test('a signal opens a position with the barriers of the configuration', async (t) => {
  const config = { total_amount_quote: 1000, max_executors_per_side: 4, trailing_stop: '0.01,0.002', stop_loss: null }
  t.match(decide(bollingerV1, config, { signal: -1 }, { mid: () => 80 }), [
    {
      type: 'create',
      executor: {
        ...MARKET,
        type: 'position_executor',
        side: 'SELL',
        entry_price: 80,
        amount: 3.125,
        leverage: 20,
        level_id: null,
        triple_barrier_config: {
          stop_loss: null,
          take_profit: 0.02,
          time_limit: 2700,
          trailing_stop: { activation_price: 0.01, trailing_delta: 0.002 },
          open_order_type: 'MARKET',
          take_profit_order_type: 'LIMIT',
          stop_loss_order_type: 'MARKET',
          time_limit_order_type: 'MARKET',
        },
      },
    },
  ])
  t.same(decide(bollingerV1, {}, { signal: 0 }), [])
  t.same(decide(bollingerV1, {}, {}), [], 'no features yet')
  t.same(decide(bollingerV1, {}, { signal: 1 }, { mid: () => Number.NaN }), [], 'no price')
})

t.test('no more than allowed on a side, and none within the cooldown', async (t) => {
  const now = 10_000
  const opens = (sides: readonly ['BUY' | 'SELL', number][], signal: number, mode: World['mode']) =>
    decide(bollingerV1, {}, { signal }, { now, mode, active: sides.map(([side, at]) => position(side, at)) }).length ===
    1

  for (const mode of ['hummingbot', 'realistic', 'live'] as const) {
    t.equal(opens([], 1, mode), true)
    t.equal(opens([['BUY', 9_699]], 1, mode), true, 'the cooldown of 300 s is over')
    t.equal(opens([['BUY', 9_700]], 1, mode), false, 'not yet')
    t.equal(
      opens(
        [
          ['BUY', 0],
          ['BUY', 1],
        ],
        1,
        mode,
      ),
      false,
      'two are allowed',
    )
    t.equal(
      opens(
        [
          ['SELL', 0],
          ['SELL', 9_999],
        ],
        1,
        mode,
      ),
      true,
      'sells do not count',
    )
  }
  const buys = [
    ['BUY', 0],
    ['BUY', 9_999],
  ] as const
  t.equal(
    opens([...buys.map(([side, at]): ['BUY', number] => [side, at])], -1, 'hummingbot'),
    false,
    'the original counts buys too',
  )
  t.equal(opens([...buys.map(([side, at]): ['BUY', number] => [side, at])], -1, 'realistic'), true)
  t.equal(opens([...buys.map(([side, at]): ['BUY', number] => [side, at])], -1, 'live'), true)
})

t.test('bollingrid opens a grid as wide as the bands', async (t) => {
  const features = { close: 100, 'BBB_100_2.0_2.0': 4 }
  t.match(opened(decide(bollingrid, {}, { ...features, signal: 1 })), {
    type: 'grid_executor',
    side: 'BUY',
    start_price: 99,
    end_price: 103,
    limit_price: 98.6,
    total_amount_quote: 50,
    min_spread_between_orders: 0.005,
    order_frequency: 2,
    max_orders_per_batch: 1,
    min_order_amount_quote: 6,
    max_open_orders: 5,
    keep_position: false,
    triple_barrier_config: { open_order_type: 'MARKET' },
  })
  t.match(opened(decide(bollingrid, {}, { ...features, signal: -1 })), {
    side: 'SELL',
    start_price: 97,
    end_price: 101,
    limit_price: 101.4,
  })
  t.same(decide(bollingrid, {}, { ...features, 'BBB_100_2.0_2.0': 0.4, signal: 1 }), [], 'no room for two orders')
})

const ladder = (
  config: Readonly<Record<string, unknown>>,
  features: Readonly<Record<string, number>>,
  price: number,
) => {
  const executor = opened(decide(dmanV3, config, features, { mid: () => price }))
  return executor?.type === 'dca_executor' ? executor : undefined
}

t.test('dman_v3 opens the ladder of the original', async (t) => {
  const config = { total_amount_quote: 1000, dca_spreads: '0.001,0.004,0.01,0.02', dca_amounts_pct: '10,20,30,40' }
  const sells = ladder({ ...config, trailing_stop: '0.005,0.002' }, { signal: -1 }, 99.63)
  const texts = [
    '99.72962999999999544797901763',
    '100.0285199999999954343365971',
    '100.6262999999999954070517560',
    '101.6225999999999953615770210',
  ]
  t.same(sells?.prices.map(nearest), texts.map(Number))
  t.ok(
    sells?.prices.every((price, at) => Math.abs(minus(price, exactOf(texts[at] ?? '')).hi) < 1e-25),
    'to the last of its digits',
  )
  t.same(sells?.amounts_quote, [50, 100, 150, 200])
  t.match(sells, {
    side: 'SELL',
    mode: 'MAKER',
    take_profit: null,
    stop_loss: 0.03,
    trailing_stop: { activation_price: 0.005, trailing_delta: 0.002 },
  })
  const buys = ladder({}, { signal: 1 }, 100)
  t.same(buys?.prices.map(nearest), [99.9, 98.2, 85, 75])
  t.same(buys?.amounts_quote, [12.5, 12.5, 12.5, 12.5], 'the same at each price unless said otherwise')
})

t.test('dman_v3 widens its ladder and its target with the bands', async (t) => {
  const config = { dca_spreads: '0.5,1', dynamic_order_spread: true, trailing_stop: '0.4,0.2' }
  const features = { signal: 1, _spread_multiplier: 0.01 }
  const still = ladder(config, features, 100)
  t.same(still?.prices.map(nearest), [99.5, 99])
  t.match(still, { stop_loss: 0.03, trailing_stop: { activation_price: 0.4, trailing_delta: 0.2 } })
  t.match(ladder({ ...config, dynamic_target: true }, features, 100), {
    stop_loss: 0.0003,
    trailing_stop: { activation_price: 0.004, trailing_delta: 0.002 },
  })
  const closes = Array.from({ length: 300 }, (_, row) => [
    row * 60,
    100,
    100,
    100,
    100 + Math.sin(row) * (row / 300),
    1,
  ])
  const multiplier = (mode: World['mode']) =>
    featuresOf(dmanV3, config, candlesOf(closes), mode)?.columns.get('_spread_multiplier')
  t.equal(new Set(multiplier('hummingbot')).size, 1, 'a backtest of the original knows the last one from the start')
  t.ok(new Set(multiplier('realistic')).size > 100)
  t.equal(multiplier('realistic')?.at(-1), multiplier('hummingbot')?.[0])
})

t.test('the ladder of dman_v3 needs an amount for each price', async (t) => {
  const result = dmanV3.schema.safeParse({ ...MARKET, id: 'a', dca_amounts_pct: '1,2' })
  t.match(result.error?.issues, [{ path: ['dca_amounts_pct'], message: /2 is not 4/ }])
})
