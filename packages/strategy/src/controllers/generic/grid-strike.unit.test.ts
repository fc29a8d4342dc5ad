import t from 'tap'
import type { ConnectorPair } from '../../executors/executor-config.ts'
import { exactOf } from '../../numbers/exact.ts'
import { anExecutor, aWorld } from '../../testing/world.ts'
import { gridStrike } from './grid-strike.ts'

const config = gridStrike.schema.parse({
  id: 'grid',
  connector_name: 'binance_perpetual',
  trading_pair: 'BTC-USDT',
  side: 2,
  start_price: '97.1',
  end_price: '103.3',
  limit_price: 110,
  keep_position: true,
  triple_barrier_config: { take_profit: '0.003', open_order_type: 3 },
})

const worldAt = (price: number, changes = {}) =>
  aWorld({ mid: ({ trading_pair }: ConnectorPair) => (trading_pair === 'BTC-USDT' ? price : 1), ...changes })

t.test('a grid is put up while the price is within its ends, and not beside them', async (t) => {
  // The doubles next to 97.1 and 103.3 lie below and above them: they are outside.
  for (const [price, count] of [
    [97, 0],
    [97.1, 0],
    [97.10000000000001, 1],
    [100, 1],
    [103.29999999999998, 1],
    [103.3, 1],
    [103.30000000000001, 0],
    [104, 0],
  ] as const) {
    t.equal(gridStrike.start(config)(worldAt(price)).length, count, `at ${price}`)
  }
})

t.test('it is what the configuration says', async (t) => {
  t.strictSame(gridStrike.start(config)(worldAt(100)), [
    {
      type: 'create',
      executor: {
        type: 'grid_executor',
        connector_name: 'binance_perpetual',
        trading_pair: 'BTC-USDT',
        start_price: exactOf('97.1'),
        end_price: exactOf('103.3'),
        limit_price: exactOf('110'),
        side: 'SELL',
        total_amount_quote: 1000,
        min_spread_between_orders: 0.001,
        min_order_amount_quote: 5,
        max_open_orders: 2,
        max_orders_per_batch: 1,
        order_frequency: 3,
        activation_bounds: null,
        safe_extra_spread: 0.0001,
        triple_barrier_config: {
          stop_loss: null,
          take_profit: 0.003,
          time_limit: null,
          trailing_stop: null,
          open_order_type: 'LIMIT_MAKER',
          take_profit_order_type: 'MARKET',
          stop_loss_order_type: 'MARKET',
          time_limit_order_type: 'MARKET',
        },
        leverage: 20,
        level_id: null,
        deduct_base_fees: false,
        keep_position: true,
        coerce_tp_to_step: false,
      },
    },
  ])
})

t.test('there is one at a time, and the next right after it', async (t) => {
  const decide = gridStrike.start(config)
  const [action] = decide(worldAt(100))
  if (action?.type !== 'create') throw new TypeError('nothing was created')
  const grid = anExecutor(action.executor)
  t.strictSame(decide(worldAt(100, { active: [grid] })), [])
  t.strictSame(decide(worldAt(100, { active: [{ ...grid, status: 'SHUTTING_DOWN' }] })), [])
  t.equal(decide(worldAt(100, { finished: [grid] })).length, 1)
})
