import t from 'tap'
import { anExecutor, aPosition, aWorld } from '../../testing/world.ts'
import type { World } from '../controller.ts'
import { hedgeAsset } from './hedge-asset.ts'

const config = hedgeAsset.schema.parse({ id: 'hedge', hedge_ratio: '0.5', min_notional_size: 10, cooldown_time: 10 })
const PERPETUAL = { connector_name: 'binance_perpetual', trading_pair: 'SOL-USDT' }

/** 8 SOL are owned, at 100 each: 4 of them are to be hedged. */
const world = (changes: Partial<World> = {}): World =>
  aWorld({ balance: (connector, asset) => (connector === 'binance' && asset === 'SOL' ? 8 : 0), ...changes })

const short = (amount: number) => aPosition({ ...PERPETUAL, side: 'SELL', amount })

const decide = hedgeAsset.start(config)

t.test(
  'the part of what is owned that is not sold short yet is sold, and what is too much is bought back',
  async (t) => {
    for (const [held, side, action, amount] of [
      [[], 'SELL', 'OPEN', 4],
      [[short(1)], 'SELL', 'OPEN', 3],
      [[short(6)], 'BUY', 'CLOSE', 2],
      [[aPosition({ ...PERPETUAL, side: 'BUY', amount: 3 })], 'SELL', 'OPEN', 4],
      [[aPosition({ trading_pair: 'ETH-USDT', side: 'SELL', amount: 3 })], 'SELL', 'OPEN', 4],
    ] as const) {
      t.strictSame(decide(world({ positions: held })), [
        {
          type: 'create',
          executor: {
            type: 'order_executor',
            ...PERPETUAL,
            side,
            amount,
            position_action: action,
            price: null,
            chaser_config: null,
            execution_strategy: 'MARKET',
            leverage: 20,
            level_id: null,
          },
        },
      ])
    }
  },
)

t.test('less than the least notional is left as it is', async (t) => {
  t.strictSame(decide(world({ positions: [short(4)] })), [])
  t.strictSame(decide(world({ positions: [short(3.91)] })), [])
  t.equal(decide(world({ positions: [short(3.9)] })).length, 1)
  const anything = hedgeAsset.start({ ...config, min_notional_size: 0 })
  t.strictSame(anything(world({ positions: [short(4)] })), [], 'and nothing is no order')
  t.strictSame(decide(aWorld()), [])
})

t.test('the next order waits until the cooldown of the last one is over', async (t) => {
  const [action] = decide(world())
  if (action?.type !== 'create') throw new TypeError('nothing was created')
  const order = (age: number) => {
    const timestamp = 1_000_000 - age
    return anExecutor(action.executor, { timestamp, closeTimestamp: timestamp + 1 })
  }
  for (const [age, count] of [
    [1, 0],
    [10, 0],
    [11, 1],
  ] as const) {
    t.equal(decide(world({ active: [order(age)] })).length, count, `${age} s after an order that runs`)
    t.equal(decide(world({ finished: [order(500), order(age)] })).length, count, `${age} s after one that ended`)
  }
  const outlived = { ...order(500), closeTimestamp: 999_999 }
  t.equal(decide(world({ finished: [order(5), outlived] })).length, 0, 'the last created, not the last to end')
})
