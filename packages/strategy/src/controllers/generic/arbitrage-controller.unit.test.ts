import t from 'tap'
import type { Executor } from '../../executors/executor.ts'
import type { ConnectorPair } from '../../executors/executor-config.ts'
import { anExecutor, aWorld } from '../../testing/world.ts'
import type { Action, World } from '../controller.ts'
import { arbitrageController } from './arbitrage-controller.ts'

const ONE = { connector_name: 'binance', trading_pair: 'SOL-USDT' }
const TWO = { connector_name: 'jupiter/router', trading_pair: 'SOL-USDC' }

const config = arbitrageController.schema.parse({ id: 'arbitrage' })
const decide = arbitrageController.start(config)

const rates = new Map([
  ['SOL-USDT', 40],
  ['SOL-GAS', 7],
])
const world = (changes: Partial<World> = {}): World =>
  aWorld({
    rate: (asset, other) => rates.get(`${asset}-${other}`),
    gasToken: (connector) => (connector.startsWith('jupiter') ? 'GAS' : undefined),
    quantizeAmount: (_, amount) => Math.floor(amount),
    ...changes,
  })

const executor = (buying_market: ConnectorPair, selling_market: ConnectorPair, changes: Partial<Executor> = {}) =>
  anExecutor(
    {
      type: 'arbitrage_executor',
      buying_market,
      selling_market,
      order_amount: 2,
      min_profitability: 0.01,
      gas_conversion_price: 7,
    },
    changes,
  )

const done = (changes: Partial<Executor> = {}): Partial<Executor> => ({
  isActive: false,
  status: 'TERMINATED',
  closeType: 'COMPLETED',
  closeTimestamp: 999_000,
  ...changes,
})

const bought = (actions: readonly Action[]) =>
  actions.map((action) =>
    action.type === 'create' && action.executor.type === 'arbitrage_executor'
      ? action.executor.buying_market.connector_name
      : action.type,
  )

t.test('both ways are taken', async (t) => {
  const both = {
    type: 'arbitrage_executor',
    order_amount: 2,
    min_profitability: 0.01,
    gas_conversion_price: 7,
  }
  t.strictSame(decide(world()), [
    { type: 'create', executor: { ...both, buying_market: ONE, selling_market: TWO } },
    { type: 'create', executor: { ...both, buying_market: TWO, selling_market: ONE } },
  ])
  const noChain = decide(world({ gasToken: () => undefined }))
  t.match(noChain, [{ executor: { gas_conversion_price: null } }, { executor: { gas_conversion_price: null } }])
})

t.test('but not without the rates they need', async (t) => {
  t.strictSame(decide(world({ rate: () => undefined })), [])
  t.strictSame(decide(world({ gasToken: () => 'OTHER' })), [])
})

const CASES: readonly (readonly [string, Partial<World>, readonly string[]])[] = [
  ['a way that is being taken', { active: [executor(ONE, TWO)] }, ['jupiter/router']],
  ['both', { active: [executor(ONE, TWO), executor(TWO, ONE)] }, []],
  ['one way taken once', { finished: [executor(ONE, TWO, done())] }, ['jupiter/router']],
  ['the other way taken once', { finished: [executor(TWO, ONE, done())] }, ['binance']],
  [
    'once there and back',
    { finished: [executor(ONE, TWO, done()), executor(TWO, ONE, done())] },
    ['binance', 'jupiter/router'],
  ],
  ['one that failed', { finished: [executor(ONE, TWO, done({ closeType: 'FAILED' }))] }, ['binance', 'jupiter/router']],
  ['an end just now', { finished: [executor(ONE, TWO, done({ closeTimestamp: 999_991 }))] }, []],
  [
    'an end of either way just now',
    { finished: [executor(TWO, ONE, done({ closeTimestamp: 999_991, closeType: 'FAILED' }))] },
    [],
  ],
  [
    'an end as long ago as the delay',
    { finished: [executor(TWO, ONE, done({ closeTimestamp: 999_990, closeType: 'FAILED' }))] },
    ['binance', 'jupiter/router'],
  ],
]

t.test('which ways are open', async (t) => {
  for (const [after, changes, ways] of CASES) t.strictSame(bought(decide(world(changes))), ways, `after ${after}`)
})

t.test('its markets are those it trades on and those that tell its rates', async (t) => {
  t.strictSame(arbitrageController.markets(config), [
    ONE,
    TWO,
    { connector_name: 'binance', trading_pair: 'USDC-USDT' },
  ])
})
