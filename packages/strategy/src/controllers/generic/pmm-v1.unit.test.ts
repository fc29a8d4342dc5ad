import fc from 'fast-check'
import t from 'tap'
import type { Executor } from '../../executors/executor.ts'
import { created, createdLevels, createdOrders, ended, stopped } from '../../testing/actions.ts'
import { anExecutor, aWorld } from '../../testing/world.ts'
import { NO_ACTIONS, type World } from '../controller.ts'
import { type PmmV1Config, pmmV1 } from './pmm-v1.ts'
import { walletSkew } from './wallet-skew.ts'

const configured = (changes: Record<string, unknown> = {}): PmmV1Config =>
  pmmV1.schema.parse({ id: 'maker', buy_spreads: '0.25,0.5', sell_spreads: 0.25, order_amount: 2, ...changes })

const fleet = (config: PmmV1Config, changes: Partial<Executor> = {}): Executor[] =>
  created(pmmV1.start(config)(aWorld())).map((made) => anExecutor(made, changes))

t.test('an order of one size at each level', async (t) => {
  t.match(pmmV1.schema.parse({ id: 'maker' }), { total_amount_quote: 0, buy_spreads: [0.01], order_amount: 1 })
  const order = {
    type: 'order_executor',
    connector_name: 'binance',
    trading_pair: 'BTC-USDT',
    amount: 2,
    position_action: 'OPEN',
    chaser_config: null,
    execution_strategy: 'LIMIT',
    leverage: 1,
  }
  t.same(created(pmmV1.start(configured())(aWorld())), [
    { ...order, side: 'BUY', price: 75, level_id: 'buy_0' },
    { ...order, side: 'BUY', price: 50, level_id: 'buy_1' },
    { ...order, side: 'SELL', price: 125, level_id: 'sell_0' },
  ])
  const rounded = aWorld({ quantizePrice: () => 70, quantizeAmount: (_, amount) => Math.floor(amount / 3) * 3 })
  t.same(
    createdOrders(pmmV1.start(configured({ order_amount: 4 }))(rounded)).map(({ price, amount }) => [price, amount]),
    [
      [70, 3],
      [70, 3],
      [70, 3],
    ],
  )
  t.same(created(pmmV1.start(configured())(rounded)), [], 'an amount that rounds to nothing')
  t.same(created(pmmV1.start(configured())(aWorld({ mid: () => 0 }))), [], 'no price')
})

t.test('no buys from the ceiling on, no sells down to the floor', async (t) => {
  const levels = (changes: Record<string, unknown>) => createdLevels(pmmV1.start(configured(changes))(aWorld()))
  t.same(levels({ price_ceiling: 100 }), ['sell_0'])
  t.same(levels({ price_ceiling: 101 }), ['buy_0', 'buy_1', 'sell_0'])
  t.same(levels({ price_floor: 100 }), ['buy_0', 'buy_1'])
  t.same(levels({ price_floor: 99 }), ['buy_0', 'buy_1', 'sell_0'])
})

t.test('a level rests after a fill of its own', async (t) => {
  const config = configured()
  const now = 1_000_000
  const [first, ...others] = fleet(config)
  if (first === undefined) throw new Error('no level')
  const cases: [string, Partial<World>, boolean][] = [
    ['waiting', { active: [first] }, false],
    ['on its way out', { active: [{ ...first, isActive: false, status: 'SHUTTING_DOWN' }] }, false],
    ['filled just now', { finished: [ended(first, 'POSITION_HOLD', now)] }, false],
    ['filled within the delay', { finished: [ended(first, 'POSITION_HOLD', now - 59)] }, false],
    ['filled before', { finished: [ended(first, 'POSITION_HOLD', now - 60)] }, true],
    ['called back', { finished: [ended(first, 'EARLY_STOP', now)] }, true],
  ]
  for (const [what, world, isFree] of cases) {
    const actions = pmmV1.start(config)(aWorld({ now, ...world, active: [...(world.active ?? []), ...others] }))
    t.same(createdLevels(actions), isFree ? ['buy_0'] : [], what)
  }

  const decide = pmmV1.start(config)
  const finished = [ended(first, 'POSITION_HOLD', now - 100)]
  decide(aWorld({ now, active: others, finished }))
  const anew = [...finished, ended(first, 'EARLY_STOP', now + 31)]
  t.same(
    createdLevels(decide(aWorld({ now: now + 31, active: others, finished: anew }))),
    ['buy_0'],
    'an old fill does not make a level rest again that was only placed anew',
  )
})

t.test('orders are placed anew, all or none', async (t) => {
  const now = 1_000_000
  const stops = (changes: Record<string, unknown>, world: Partial<World>, age = 31) => {
    const config = configured(changes)
    const active = fleet(config, { timestamp: now - age })
    const actions = pmmV1.start(config)(aWorld({ now, active, ...world }))
    t.ok(actions.every((action) => action.type === 'stop' && action.keepPosition))
    return stopped(actions).map(({ levelId }) => levelId)
  }
  const all = ['buy_0', 'buy_1', 'sell_0']
  t.same(stops({}, {}, 30), [], 'not yet old')
  t.same(stops({}, {}), all, 'no tolerance')
  t.same(stops({ order_refresh_tolerance_pct: 0 }, {}), [], 'where they would be placed')
  t.same(stops({ order_refresh_tolerance_pct: 0 }, { mid: () => 100.1 }), all, 'not quite')
  t.same(stops({ order_refresh_tolerance_pct: 0.01 }, { mid: () => 101 }), [], 'within the tolerance')
  t.same(stops({ order_refresh_tolerance_pct: 0.01 }, { mid: () => 101.5 }), all, 'beyond it')
  t.same(stops({ order_refresh_tolerance_pct: 0.01 }, { mid: () => 0 }), all, 'no price')
  const config = configured({ order_refresh_tolerance_pct: 0.5 })
  const [first, ...old] = fleet(config, { timestamp: now - 31 })
  if (first === undefined) throw new Error('no level')
  const young = { ...first, timestamp: now }
  t.same(
    stopped(pmmV1.start(config)(aWorld({ now, active: [young, ...old] }))).map(({ levelId }) => levelId),
    ['buy_1', 'sell_0'],
    'one is missing among the old ones, so they do not match',
  )
  const held = old.map((executor) => ({ ...executor, isTrading: true }))
  t.equal(pmmV1.start(config)(aWorld({ now, active: [young, ...held] })), NO_ACTIONS, 'a tick with nothing to do')
})

t.test('orders lean against what the wallet has too much of', async (t) => {
  const skew = (base: number, quote: number) => walletSkew({ base, quote }, 100, 0.5, 2)
  // Worth 2000, of which 1000 shall be base; the range of 2 pieces is 200 to both sides.
  t.same(skew(10, 1000), { bid: 1, ask: 1 }, 'as it shall be')
  t.same(skew(8, 1200), { bid: 2, ask: 0 }, 'as little as can be')
  t.same(skew(9, 1100), { bid: 1.5, ask: 0.5 })
  t.same(skew(11, 900), { bid: 0.5, ask: 1.5 })
  t.same(skew(12, 800), { bid: 0, ask: 2 }, 'as much as can be')
  t.same(walletSkew({ base: 5, quote: 1500 }, 100, 0.5, 50), { bid: 1.5, ask: 0.5 }, 'a range of half of all at most')
  t.same(skew(0, 0), { bid: 1, ask: 1 }, 'nothing to lean against')

  const config = configured({ inventory_skew_enabled: true, order_amount: 1, inventory_range_multiplier: 0.5 })
  const owned = { BTC: 10.75, USDT: 925 }
  const balance = (_: string, asset: string) => (asset === 'BTC' ? owned.BTC : owned.USDT)
  const orders = createdOrders(pmmV1.start(config)(aWorld({ balance })))
  t.same(
    orders.map(({ amount }) => amount),
    [0.5, 0.5, 1.5],
    'three orders of one, times a half: a range of one and a half',
  )
  owned.BTC = 100
  t.same(createdLevels(pmmV1.start(config)(aWorld({ balance }))), ['sell_0'], 'no buys at all')
})

t.test('the more base, the smaller the buys; both together are always two', async () => {
  const amount = fc.double({ min: 0, max: 1e6, noNaN: true })
  const share = fc.double({ min: 0, max: 1, noNaN: true })
  fc.assert(
    fc.property(amount, amount, share, amount, share, (base, quote, target, range, part) => {
      const { bid, ask } = walletSkew({ base, quote }, 3, target, range)
      // The same wallet with more of its worth in base.
      const more = walletSkew({ base: base + (part * quote) / 3, quote: quote * (1 - part) }, 3, target, range)
      return bid >= 0 && bid <= 2 && Math.abs(bid + ask - 2) < 1e-12 && more.bid <= bid + 1e-6
    }),
  )
})
