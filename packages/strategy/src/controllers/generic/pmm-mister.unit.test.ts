import t from 'tap'
import type { Executor } from '../../executors/executor.ts'
import { nearest } from '../../numbers/exact.ts'
import type { PositionSummary } from '../../positions/positions.ts'
import { created, createdLevels, createdPositions, ended, stopped } from '../../testing/actions.ts'
import { anExecutor, aPosition, aWorld } from '../../testing/world.ts'
import { type Action, NO_ACTIONS, type World } from '../controller.ts'
import { type PmmMisterConfig, pmmMister } from './pmm-mister.ts'

const NOW = 1_000_000
const MARKET = { connector_name: 'binance_perpetual', trading_pair: 'BTC-USDT' }

const configured = (changes: Record<string, unknown> = {}): PmmMisterConfig =>
  pmmMister.schema.parse({
    id: 'mister',
    ...MARKET,
    total_amount_quote: 1000,
    buy_spreads: '0.01,0.02',
    sell_spreads: '0.01,0.02',
    buy_amounts_pct: null,
    sell_amounts_pct: null,
    ...changes,
  })

const levelsNow = (changes: Record<string, unknown>, world: Partial<World>) =>
  createdLevels(pmmMister.start(configured(changes))(aWorld({ now: NOW, ...world })))

/** An inventory that did cost a share of 1000, at 100 a piece. */
const holding = (share: number, changes: Partial<PositionSummary> = {}) => aPosition({ amount: share * 10, ...changes })

/** Positions at all levels, by their level. */
const fleet = (config: PmmMisterConfig, changes: Partial<Executor> = {}): Record<string, Executor> =>
  Object.fromEntries(
    createdPositions(pmmMister.start(config)(aWorld({ now: NOW, positions: [holding(0.5)] }))).map((made) => [
      made.level_id ?? '',
      anExecutor(made, { timestamp: NOW, ...changes }),
    ]),
  )

const ALL = ['buy_0', 'buy_1', 'sell_0', 'sell_1']
const BUYS = ALL.slice(0, 2)
const SELLS = ALL.slice(2)

t.test('defaults are parsed like any other value', async (t) => {
  t.match(pmmMister.schema.parse({ id: 'mister' }), {
    buy_spreads: [0.0005],
    buy_amounts_pct: [1],
    position_mode: 'ONEWAY',
    position_side: 'BUY',
    take_profit_order_type: 'LIMIT_MAKER',
    open_order_type: 'LIMIT_MAKER',
    max_active_executors_by_level: 4,
    global_tp_activation_from: 'min_base',
  })
  t.equal(configured({ position_side: 'short' }).position_side, 'SELL')
  const { error } = pmmMister.schema.safeParse({
    id: 'mister',
    tolerance_scaling: 0,
    global_sl_activation_from: 'always',
    position_side: 'UP',
  })
  t.same(error?.issues.map(({ path }) => path[0]).sort(), [
    'global_sl_activation_from',
    'position_side',
    'tolerance_scaling',
  ])
})

t.test('positions at the levels', async (t) => {
  const config = configured({ buy_spreads: '0.5', sell_spreads: '', portfolio_allocation: '0.2', take_profit: '0.003' })
  const [made, ...more] = createdPositions(pmmMister.start(config)(aWorld({ positions: [holding(0.5)] })))
  t.same(more, [])
  t.same(made && { ...made, entry_price: nearest(made.entry_price) }, {
    type: 'position_executor',
    ...MARKET,
    side: 'BUY',
    entry_price: 50,
    amount: 4,
    triple_barrier_config: {
      stop_loss: null,
      take_profit: 0.003,
      time_limit: null,
      trailing_stop: null,
      open_order_type: 'LIMIT_MAKER',
      take_profit_order_type: 'LIMIT_MAKER',
      stop_loss_order_type: 'MARKET',
      time_limit_order_type: 'MARKET',
    },
    leverage: 20,
    activation_bounds: null,
    level_id: 'buy_0',
  })
})

t.test('in tick mode spreads count price increments', async (t) => {
  const rules = () => ({
    min_order_size: 0,
    min_price_increment: 0.25,
    min_base_amount_increment: 0,
    min_notional_size: 0,
  })
  const config = configured({ tick_mode: true, buy_spreads: '2', sell_spreads: '4' })
  const prices = (world: Partial<World>) =>
    createdPositions(pmmMister.start(config)(aWorld({ positions: [holding(0.5)], ...world }))).map(({ entry_price }) =>
      nearest(entry_price),
    )
  t.same(prices({ rules }), [99.5, 101])
  t.same(prices({}), [], 'nothing while the increment is not known')
})

t.test('which side is wanted', async (t) => {
  const cases: [string, Record<string, unknown>, Partial<World>, string[]][] = [
    ['nothing held', {}, {}, BUYS],
    ['too little', {}, { positions: [holding(0.29)] }, BUYS],
    ['between the bounds', {}, { positions: [holding(0.5)] }, ALL],
    ['too much', {}, { positions: [holding(0.71)] }, SELLS],
    ['held on the other side', {}, { positions: [holding(0.9, { side: 'SELL' })] }, BUYS],
    ['a short: nothing held', { position_side: 'SHORT' }, {}, SELLS],
    ['a short: too much', { position_side: 'SHORT' }, { positions: [holding(0.9, { side: 'SELL' })] }, BUYS],
    ['no price', {}, { mid: () => 0 }, []],
    ['below the target at a loss', {}, { positions: [holding(0.4, { breakevenPrice: 101 })] }, ALL],
    ['not the venue mode', {}, { positionMode: () => 'HEDGE' }, []],
    ['the venue mode', {}, { positionMode: () => 'ONEWAY' }, BUYS],
    ['spot has no mode', { connector_name: 'binance' }, { positionMode: () => 'HEDGE' }, BUYS],
  ]
  for (const [what, changes, world, levels] of cases) t.same(levelsNow(changes, world), levels, what)
})

t.test('a protected inventory is neither sold at a loss nor added to in profit', async (t) => {
  const shielded = { position_profit_protection: true }
  const at = (share: number, breakevenPrice: number, side: 'BUY' | 'SELL' = 'BUY') => ({
    positions: [aPosition({ side, breakevenPrice, amount: (share * 1000) / breakevenPrice })],
  })
  const cases: [string, Record<string, unknown>, Partial<World>, string[]][] = [
    ['little, at a loss', {}, at(0.4, 110), BUYS],
    ['little, in profit', {}, at(0.4, 90), ALL],
    ['much, in profit', {}, at(0.6, 90), SELLS],
    ['much, at a loss: no sell below what it did cost', {}, at(0.6, 110), BUYS],
    ['much, at a loss that only the closest sell would realise', {}, at(0.6, 101.5), [...BUYS, 'sell_1']],
    ['a short, little, at a loss', { position_side: 'SELL' }, at(0.4, 90, 'SELL'), SELLS],
    ['a short, much, in profit', { position_side: 'SELL' }, at(0.6, 110, 'SELL'), BUYS],
    ['nothing held', {}, {}, BUYS],
  ]
  for (const [what, changes, world, levels] of cases)
    t.same(levelsNow({ ...shielded, ...changes }, world), levels, what)
})

t.test('when a level takes another position', async (t) => {
  const config = configured()
  const { buy_0: buy, sell_0: sell, ...others } = fleet(config)
  if (buy === undefined || sell === undefined) throw new Error('no level')
  const filled: Partial<Executor> = { isTrading: true, openOrderLastUpdate: NOW - 60 }
  // Entered at 99 and 101; another one has to be 0.05 % further away at least.
  const [low, high] = [{ mid: () => 90 }, { mid: () => 110 }]
  const recently = { ...filled, openOrderLastUpdate: NOW - 59 }
  const cases: [string, Partial<World>, string[]][] = [
    ['nothing there', { active: [] }, ['buy_0', 'sell_0']],
    ['one waits on each', { active: [buy, sell], ...low }, []],
    ['one filled a cooldown ago', { active: [{ ...buy, ...filled }, sell], ...low }, ['buy_0']],
    ['filled more recently', { active: [{ ...buy, ...recently }, sell], ...low }, []],
    ['another one waits', { active: [{ ...buy, ...filled }, { ...buy, openOrderLastUpdate: 0 }, sell], ...low }, []],
    ['as many as there may be', { active: [...Array(4).fill({ ...buy, ...filled }), sell], ...low }, []],
    ['one less', { active: [...Array(3).fill({ ...buy, ...filled }), sell], ...low }, ['buy_0']],
    ['ended recently', { finished: [ended({ ...buy, ...recently }, 'TAKE_PROFIT', NOW)] }, ['sell_0']],
    ['ended a cooldown ago', { finished: [ended({ ...buy, ...filled }, 'TAKE_PROFIT', NOW)] }, ['buy_0', 'sell_0']],
    ['a buy too close below', { active: [{ ...buy, ...filled }, sell], mid: () => 98.96 }, []],
    ['a buy far enough below', { active: [{ ...buy, ...filled }, sell], mid: () => 98.95 }, ['buy_0']],
    ['a buy above', { active: [{ ...buy, ...filled }, sell], ...high }, []],
    ['a sell too close above', { active: [{ ...sell, ...filled }, buy], mid: () => 101.04 }, []],
    ['a sell far enough above', { active: [{ ...sell, ...filled }, buy], mid: () => 101.06 }, ['sell_0']],
    ['a sell below', { active: [{ ...sell, ...filled }, buy], ...low }, []],
  ]
  for (const [what, world, levels] of cases) {
    const active = [...(world.active ?? []), ...Object.values(others)]
    const actions = pmmMister.start(config)(aWorld({ now: NOW, positions: [holding(0.5)], ...world, active }))
    t.same(createdLevels(actions), levels, what)
  }
})

t.test('the tolerance grows with the place of a level', async (t) => {
  const config = configured({ price_distance_tolerance: 0.01, tolerance_scaling: 2, sell_spreads: '' })
  const at = (price: number) => {
    const { buy_0: near, buy_1: far } = fleet(config, { isTrading: true, openOrderLastUpdate: 0 })
    if (near === undefined || far === undefined) throw new Error('no level')
    const world = aWorld({ now: NOW, positions: [holding(0.5)], mid: () => price, active: [near, far] })
    return createdLevels(pmmMister.start(config)(world))
  }
  // Entered at 99 and at 98: 1 % below is 98.02, 2 % below is 96.08.
  t.same(at(98.1), [])
  t.same(at(98), ['buy_0'])
  t.same(at(96.2), ['buy_0'])
  t.same(at(96), ['buy_0', 'buy_1'])
})

t.test('what is called back, and kept', async (t) => {
  const config = configured({ tolerance_scaling: 2, sell_position_effectivization_time: 60 })
  const cases: [string, string, Partial<Executor>, Partial<World>, boolean][] = [
    ['as old as the refresh time', 'buy_0', { timestamp: NOW - 30 }, {}, false],
    ['older', 'buy_0', { timestamp: NOW - 31 }, {}, true],
    ['the price moved a little', 'buy_0', {}, { mid: () => 100.04 }, false],
    ['the price moved more', 'buy_0', {}, { mid: () => 100.06 }, true],
    ['further out it may move further', 'buy_1', {}, { mid: () => 100.06 }, false],
    ['but not that far', 'buy_1', {}, { mid: () => 100.11 }, true],
    ['no price', 'buy_0', {}, { mid: () => Number.NaN }, false],
    ['filled', 'buy_0', { timestamp: 0, isTrading: true, openOrderLastUpdate: NOW - 119 }, {}, false],
    ['filled long ago', 'buy_0', { timestamp: 0, isTrading: true, openOrderLastUpdate: NOW - 120 }, {}, true],
    ['a sell filled long ago', 'sell_0', { timestamp: 0, isTrading: true, openOrderLastUpdate: NOW - 60 }, {}, true],
    ['on its way out', 'buy_0', { timestamp: 0, isActive: false, status: 'SHUTTING_DOWN' }, {}, false],
  ]
  for (const [what, level, changes, world, isDue] of cases) {
    const one = fleet(config)[level]
    if (one === undefined) throw new Error(`no ${level}`)
    const executor = { ...one, ...changes }
    const actions = pmmMister.start(config)(aWorld({ now: NOW, ...world, active: [executor] }))
    const stops = actions.filter(({ type }) => type === 'stop')
    t.same(stops, isDue ? [{ type: 'stop', executor, keepPosition: true }] : [], what)
  }
  const active = Object.values(fleet(config))
  t.equal(pmmMister.start(config)(aWorld({ now: NOW, active })), NO_ACTIONS, 'a tick with nothing to do')
})

t.test('when the whole position is closed', async (t) => {
  const both = { global_tp_enabled: true, global_sl_enabled: true }
  const profit = (share: number, of: number) => ({
    positions: [holding(share, { unrealizedPnlQuote: share * 1000 * of })],
  })
  const cases: [string, Record<string, unknown>, Partial<World>, boolean][] = [
    ['won', both, profit(0.4, 0.03), true],
    ['not enough', both, profit(0.4, 0.029), false],
    ['not asked for', {}, profit(0.4, 0.03), false],
    ['below the least', both, profit(0.2, 0.03), false],
    ['from the first piece on', { ...both, global_tp_activation_from: 'always' }, profit(0.2, 0.03), true],
    ['from the target on', { ...both, global_tp_activation_from: 'target_base' }, profit(0.4, 0.03), false],
    ['lost', both, profit(0.5, -0.05), true],
    ['not enough lost', both, profit(0.5, -0.049), false],
    ['lost below the target', both, profit(0.4, -0.05), false],
    ['lost below the most', { ...both, global_sl_activation_from: 'max_base' }, profit(0.6, -0.05), false],
    ['of all the money', { ...both, global_pnl_reference: 'portfolio' }, profit(0.5, 0.05), false],
    ['more of all the money', { ...both, global_pnl_reference: 'portfolio' }, profit(0.5, 0.06), true],
    ['nothing held', { ...both, global_tp_activation_from: 'always', global_take_profit: 0 }, {}, false],
  ]
  for (const [what, changes, world, isClosed] of cases) {
    const actions = pmmMister.start(configured(changes))(aWorld({ now: NOW, ...world }))
    t.equal(createdLevels(actions).includes('global_close'), isClosed, what)
    if (isClosed)
      t.same(created(actions), [
        {
          type: 'order_executor',
          ...MARKET,
          side: 'SELL',
          amount: world.positions?.[0]?.amount,
          position_action: 'CLOSE',
          price: null,
          chaser_config: null,
          execution_strategy: 'MARKET',
          leverage: 20,
          level_id: 'global_close',
        },
      ])
  }
})

/** A controller whose long of 4 has won enough to be closed, and what it does tick by tick. */
const winner = () => {
  const decide = pmmMister.start(configured({ global_tp_enabled: true }))
  const positions = [holding(0.4, { unrealizedPnlQuote: 100 })]
  return (world: Partial<World> = {}): readonly Action[] => decide(aWorld({ now: NOW, positions, ...world }))
}
const closer = (actions: readonly Action[]): Executor => {
  const [order] = created(actions)
  if (order === undefined) throw new Error('nothing closed')
  return anExecutor(order)
}

t.test('a close stops all others first, keeps what they hold, and waits for them', async (t) => {
  const tick = winner()
  const working = fleet(configured())
  const active = Object.values(working)
  const stops = tick({ active })
  t.same(stopped(stops), active)
  t.ok(stops.every((action) => action.type === 'stop' && action.keepPosition))
  const leaving = active.map((executor) => ({ ...executor, isActive: false, status: 'SHUTTING_DOWN' as const }))
  t.same(tick({ active: leaving, positions: [holding(0.4)] }), [], 'waits, even when the profit is gone')
  t.match(created(tick({ positions: [holding(0.55)] })), [{ level_id: 'global_close', amount: 5.5 }])
})

t.test('a close goes on until nothing is left, but not for ever', async (t) => {
  const tick = winner()
  const close = closer(tick())
  t.same(tick({ active: [close] }), [], 'at work')
  t.same(tick({ finished: [ended(close, 'POSITION_HOLD', NOW)] }), [], 'what it did may not show yet')
  t.same(createdLevels(tick()), ['global_close'], 'still there: again')
  t.same(tick(), [])
  t.same(createdLevels(tick()), ['global_close'], 'a third time')
  t.same(tick(), [])
  t.same(tick(), [], 'not a fourth')

  const done = winner()
  done()
  done({ positions: [] })
  t.same(done({ positions: [] }), [], 'nothing left')
  t.same(createdLevels(done({ positions: [] })), BUYS, 'and on it goes')
})

t.test('a close believes the venue', async (t) => {
  const flat = { venuePosition: () => ({ side: 'BUY', amount: 0 }) as const }
  const long = { venuePosition: () => ({ side: 'BUY', amount: 3 }) as const }
  const short = { venuePosition: () => ({ side: 'SELL', amount: 3 }) as const }
  t.match(created(winner()(long)), [{ level_id: 'global_close', side: 'SELL', amount: 3 }])
  t.same(winner()(short), [], 'what is on the other side is not closed')
  const rest = (_: unknown, amount: number) => (amount === 3 ? 0 : amount)
  t.same(winner()({ ...long, quantizeAmount: rest }), [], 'nor what is too small to be an order')
  t.same(createdLevels(winner()({ quantizeAmount: (_, amount) => (amount === 4 ? 0 : amount) })), ALL, 'here neither')

  const tick = winner()
  t.same(tick(flat), [], 'nothing to close')
  t.same(createdLevels(tick(flat)), ALL, 'and nothing begins again while executors still seem to hold it')
  t.match(created(tick(long)), [{ level_id: 'global_close' }], 'but when the venue has something again')

  const other = winner()
  other(flat)
  other({ ...flat, positions: [] })
  t.match(created(other({ positions: [holding(0.4, { unrealizedPnlQuote: 100 })] })), [{ level_id: 'global_close' }])
})

t.test('a short is bought back', async (t) => {
  const decide = pmmMister.start(configured({ position_side: 'SHORT', global_sl_enabled: true }))
  const positions = [holding(0.6, { side: 'SELL', unrealizedPnlQuote: -100 })]
  t.match(created(decide(aWorld({ positions }))), [{ level_id: 'global_close', side: 'BUY', amount: 6 }])
})
