import t from 'tap'
import type { Executor } from '../../executors/executor.ts'
import type { Side } from '../../executors/side.ts'
import { anExecutor, aWorld } from '../../testing/world.ts'
import type { Action } from '../controller.ts'
import { xemmMultipleLevels } from './xemm-multiple-levels.ts'

const MAKER = { connector_name: 'mexc', trading_pair: 'PEPE-USDT' }
const TAKER = { connector_name: 'binance', trading_pair: 'PEPE-USDT' }

const config = xemmMultipleLevels.schema.parse({
  id: 'xemm',
  total_amount_quote: 1200,
  sell_levels_targets_amount: [[0.004, '1']],
})

const world = (changes = {}) =>
  aWorld({ mid: ({ connector_name }) => (connector_name === 'mexc' ? 2 : 100), ...changes })

const executor = (side: Side, target: number, changes: Partial<Executor> = {}) =>
  anExecutor(
    {
      type: 'xemm_executor',
      buying_market: side === 'BUY' ? MAKER : TAKER,
      selling_market: side === 'BUY' ? TAKER : MAKER,
      maker_side: side,
      order_amount: 1,
      min_profitability: 0,
      target_profitability: target,
      max_profitability: 1,
    },
    changes,
  )

const levels = (actions: readonly Action[]) =>
  actions.map((action) =>
    action.type === 'create' && action.executor.type === 'xemm_executor'
      ? `${action.executor.maker_side} ${action.executor.target_profitability}`
      : action.type,
  )

const ALL = ['BUY 0.003', 'BUY 0.006', 'BUY 0.009', 'SELL 0.004']

t.test('each side has half of the whole, each level its weight of that', async (t) => {
  const actions = xemmMultipleLevels.start(config)(world())
  t.strictSame(levels(actions), ALL)
  t.match(actions[1], {
    type: 'create',
    executor: {
      type: 'xemm_executor',
      buying_market: MAKER,
      selling_market: TAKER,
      maker_side: 'BUY',
      order_amount: 100,
      target_profitability: 0.006,
      min_profitability: 0.006 - 0.003,
      max_profitability: 0.006 + 0.01,
    },
  })
  t.match(actions[3], {
    executor: { buying_market: TAKER, selling_market: MAKER, maker_side: 'SELL', order_amount: 300 },
  })
})

t.test('a level is missing when it is not there itself', async (t) => {
  const decide = xemmMultipleLevels.start(config)
  t.strictSame(levels(decide(world({ active: [executor('BUY', 0.006)] }))), ['BUY 0.003', 'BUY 0.009', 'SELL 0.004'])
  t.strictSame(levels(decide(world({ active: [executor('SELL', 0.003)] }))), ALL)
  const whole = [executor('BUY', 0.003), executor('BUY', 0.006), executor('BUY', 0.009), executor('SELL', 0.004)]
  t.strictSame(decide(world({ active: whole })), [])
  t.strictSame(decide(world({ mid: () => Number.NaN })), [], 'and none is without a price')
})

t.test('a side that has traded too often more than the other waits for it', async (t) => {
  const decide = xemmMultipleLevels.start(config)
  const traded = { filledAmountQuote: 10 }
  const [bought, sold] = [executor('BUY', 0.003, traded), executor('SELL', 0.004, traded)]
  const [buys, sells] = [ALL.slice(0, 3), ALL.slice(3)]
  for (const [finished, expected] of [
    [[bought], sells],
    [[sold], buys],
    [[bought, sold], ALL],
    [[executor('BUY', 0.003)], ALL],
    [[executor('BUY', 0.003, { netPnlQuote: -0.1 })], sells],
  ] as const)
    t.strictSame(levels(decide(world({ finished }))), expected)
})

t.test('a level is a target and a weight', async (t) => {
  const wrong = { id: 'a', buy_levels_targets_amount: '0.003,10-0.006', sell_levels_targets_amount: [[1, 2, 3]] }
  t.match(xemmMultipleLevels.schema.safeParse(wrong).error?.issues, [
    { path: ['buy_levels_targets_amount', 1], message: "Value error, a level is 'target profitability,weight'" },
    { path: ['sell_levels_targets_amount', 0] },
  ])
})
