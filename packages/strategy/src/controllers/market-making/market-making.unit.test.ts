import { Decimal } from 'decimal.js'
import fc from 'fast-check'
import t from 'tap'
import type { CloseType } from '../../executors/close-type.ts'
import type { Executor } from '../../executors/executor.ts'
import { nearest, type Price, plus } from '../../numbers/exact.ts'
import { created, createdLevels, createdOrders, createdPositions, ended, stopped } from '../../testing/actions.ts'
import { anExecutor, aPosition, aWorld } from '../../testing/world.ts'
import { NO_ACTIONS, type World } from '../controller.ts'
import { newlyEnded } from './level-ends.ts'
import { levelsOf } from './levels.ts'
import { type PmmSimpleConfig, pmmSimple } from './pmm-simple.ts'

const configured = (changes: Record<string, unknown> = {}): PmmSimpleConfig =>
  pmmSimple.schema.parse({
    id: 'maker',
    connector_name: 'binance_perpetual',
    trading_pair: 'BTC-USDT',
    total_amount_quote: 1000,
    buy_spreads: [0.001, 0.002],
    sell_spreads: [0.001, 0.002],
    buy_amounts_pct: null,
    sell_amounts_pct: null,
    ...changes,
  })

const All = Decimal.clone({ precision: 100 })
/** A double with every digit it stands for. */
const digits = (value: number): Decimal => new All(value.toPrecision(100))
const digitsOf = (price: Price): Decimal =>
  typeof price === 'number' ? digits(price) : digits(price.hi).plus(digits(price.lo))

/** The executors of all levels of a configuration, as they are right after their creation. */
const fleet = (config: PmmSimpleConfig, changes: Partial<Executor> = {}): Executor[] =>
  created(pmmSimple.start(config)(aWorld())).map((executor) => anExecutor(executor, changes))

t.test('defaults are parsed like any other value', async (t) => {
  const config = pmmSimple.schema.parse({ id: 'maker' })
  t.match(config, {
    connector_name: 'binance_perpetual',
    trading_pair: 'WLD-USDT',
    total_amount_quote: 100,
    buy_spreads: [0.01, 0.02],
    sell_spreads: [0.01, 0.02],
    buy_amounts_pct: null,
    executor_refresh_time: 300,
    cooldown_time: 15,
    leverage: 20,
    position_mode: 'HEDGE',
    stop_loss: 0.03,
    take_profit: 0.02,
    time_limit: 2700,
    take_profit_order_type: 'LIMIT',
    trailing_stop: null,
    position_rebalance_threshold_pct: 0.05,
    skip_rebalance: false,
  })
  t.same(createdLevels(pmmSimple.start(config)(aWorld())), ['buy_0', 'buy_1', 'sell_0', 'sell_1'])
})

t.test('wrong configurations name the field', async (t) => {
  const wrong: [Record<string, unknown>, string][] = [
    [{ buy_amounts_pct: [1] }, 'buy_amounts_pct'],
    [{ sell_amounts_pct: '1,2,3' }, 'sell_amounts_pct'],
    [{ stop_loss: 0 }, 'stop_loss'],
    [{ time_limit: -1 }, 'time_limit'],
    [{ buy_spreads: '0.01,much' }, 'buy_spreads'],
    [{ spreads: [1] }, 'spreads'],
  ]
  for (const [changes, field] of wrong) {
    const { error } = pmmSimple.schema.safeParse({ id: 'maker', ...changes })
    t.same([...new Set(error?.issues.map(({ path }) => path[0]))], [field], `${JSON.stringify(changes)}`)
  }
})

t.test('an executor at each level, at the prices and amounts of the original', async (t) => {
  // From the first tick of a recorded backtest: a close of 249.8.
  const decide = pmmSimple.start(configured({ leverage: 1, stop_loss: '0.004', time_limit: 1800 }))
  const made = createdPositions(decide(aWorld({ mid: () => 249.8 })))
  t.same(
    made.map(({ side, level_id }) => [side, level_id]),
    [
      ['BUY', 'buy_0'],
      ['BUY', 'buy_1'],
      ['SELL', 'sell_0'],
      ['SELL', 'sell_1'],
    ],
  )
  const expected = [
    ['249.5502000000000113521150813', '1.001802442955365247663289305'],
    ['249.3004000000000113355463904', '1.002806253018446775988499009'],
    ['250.0498000000000113852524631', '0.9998008396727371287305469'],
  ] as const
  expected.forEach(([price, amount], at) => {
    const off = digitsOf(made[at]?.entry_price ?? 0)
      .div(price)
      .minus(1)
      .abs()
    t.ok(off.lt('1e-27'), `${price}: every digit of a price, but for what the original rounds on its way (${off})`)
    t.equal(made[at]?.amount, Number(amount), 'the nearest double of an amount')
  })
  t.same(made[0]?.triple_barrier_config, {
    stop_loss: 0.004,
    take_profit: 0.02,
    time_limit: 1800,
    trailing_stop: null,
    open_order_type: 'LIMIT',
    take_profit_order_type: 'LIMIT',
    stop_loss_order_type: 'MARKET',
    time_limit_order_type: 'MARKET',
  })
  t.equal(made[0]?.leverage, 1)
})

t.test('when a level is free', async (t) => {
  const config = configured()
  const now = 1_000_000
  const [first, ...others] = fleet(config)
  if (first === undefined) throw new Error('no level')
  const cases: [string, Partial<World>, boolean][] = [
    ['waiting', { active: [first] }, false],
    ['trading', { active: [{ ...first, isTrading: true }] }, false],
    ['on its way out', { active: [{ ...first, status: 'SHUTTING_DOWN', isActive: false }] }, false],
    ['nothing', { active: [] }, true],
    ['stopped out this moment', { finished: [ended(first, 'STOP_LOSS', now)] }, false],
    ['stopped out just within the cooldown', { finished: [ended(first, 'STOP_LOSS', now - 14)] }, false],
    ['stopped out a cooldown ago', { finished: [ended(first, 'STOP_LOSS', now - 15)] }, true],
    ['won this moment', { finished: [ended(first, 'TAKE_PROFIT', now)] }, true],
    ['out of time this moment', { finished: [ended(first, 'TIME_LIMIT', now)] }, true],
    ['called back this moment', { finished: [ended(first, 'EARLY_STOP', now)] }, true],
    [
      'stopped out, and reported before one that ended earlier',
      { finished: [ended(first, 'STOP_LOSS', now - 1), ended(first, 'TAKE_PROFIT', now - 60)] },
      false,
    ],
  ]
  for (const [what, world, isFree] of cases) {
    const actions = pmmSimple.start(config)(aWorld({ now, ...world, active: [...(world.active ?? []), ...others] }))
    t.same(createdLevels(actions), isFree ? ['buy_0'] : [], what)
  }
})

t.test('a level without an amount stays empty, but not in a backtest of the original', async (t) => {
  const config = configured({ buy_spreads: [0.01, 1.5], buy_amounts_pct: [0, 1] })
  const levels = (mode: World['mode']) => createdLevels(pmmSimple.start(config)(aWorld({ mode })))
  for (const mode of ['live', 'realistic'] as const) t.same(levels(mode), ['sell_0', 'sell_1'], mode)
  t.same(levels('hummingbot'), ['buy_0', 'buy_1', 'sell_0', 'sell_1'])
})

t.test('a cooldown is remembered when the executor is no longer listed', async (t) => {
  const config = configured()
  const [first, ...others] = fleet(config)
  if (first === undefined) throw new Error('no level')
  const decide = pmmSimple.start(config)
  const at = (now: number, finished: Executor[]) => createdLevels(decide(aWorld({ now, finished, active: others })))
  t.same(at(1000, [ended(first, 'STOP_LOSS', 1000)]), [])
  t.same(at(1010, []), [])
  t.same(at(1015, []), ['buy_0'])
})

t.test('what has ended is looked at once', async (t) => {
  const executors = fleet(configured())
  const seen: Executor[] = []
  const notice = newlyEnded((executor) => seen.push(executor))
  for (const count of [0, 1, 1, 3, 4]) notice(executors.slice(0, count))
  const [first, second, third, fourth] = executors
  t.same(seen, [first, third, second, fourth])
})

t.test('what waits too long is called back, its level filled a tick later', async (t) => {
  const config = configured()
  const now = 1_000_000
  const [first, ...others] = fleet(config, { timestamp: now })
  if (first === undefined) throw new Error('no level')
  const cases: [string, Partial<Executor>, boolean][] = [
    ['as old as the refresh time', { timestamp: now - 300 }, false],
    ['older', { timestamp: now - 301 }, true],
    ['older and trading', { timestamp: now - 301, isTrading: true }, false],
    ['older and on its way out', { timestamp: now - 301, isActive: false, status: 'SHUTTING_DOWN' }, false],
  ]
  for (const [what, changes, isCalledBack] of cases) {
    const executor = { ...first, ...changes }
    const actions = pmmSimple.start(config)(aWorld({ now, active: [executor, ...others] }))
    t.same(actions, isCalledBack ? [{ type: 'stop', executor, keepPosition: false }] : [], what)
  }
})

t.test('a tick with nothing to do makes nothing', async (t) => {
  const config = configured()
  t.equal(pmmSimple.start(config)(aWorld({ active: fleet(config) })), NO_ACTIONS)
})

t.test('without a price nothing is placed, but what is old is still called back', async (t) => {
  const config = configured()
  const old = fleet(config, { timestamp: 0 }).slice(0, 1)
  for (const price of [Number.NaN, 0]) {
    const actions = pmmSimple.start(config)(aWorld({ mid: () => price, active: old }))
    t.same([createdLevels(actions), stopped(actions)], [[], old])
  }
})

t.test('on spot the inventory is balanced first', async (t) => {
  const spot = { connector_name: 'binance', buy_amounts_pct: [1, 2], sell_amounts_pct: [1, 2] }
  const market = { connector_name: 'binance', trading_pair: 'BTC-USDT' }
  const rebalance = { level_id: 'position_rebalance' }
  const required = 500 / 99.93
  const cases: [string, Record<string, unknown>, Partial<World>, ['BUY' | 'SELL', number] | undefined][] = [
    ['nothing held', {}, {}, ['BUY', required]],
    ['nearly enough', {}, { positions: [aPosition({ ...market, amount: required * 0.951 })] }, undefined],
    ['too little', {}, { positions: [aPosition({ ...market, amount: required * 0.94 })] }, ['BUY', required * 0.06]],
    ['too much', {}, { positions: [aPosition({ ...market, amount: required * 1.5 })] }, ['SELL', required / 2]],
    ['owed', {}, { positions: [aPosition({ ...market, side: 'SELL', amount: 1 })] }, ['BUY', required + 1]],
    ['held elsewhere', {}, { positions: [aPosition({ amount: required })] }, ['BUY', required]],
    ['a higher threshold', { position_rebalance_threshold_pct: 2 }, {}, undefined],
    ['not wanted', { skip_rebalance: true }, {}, undefined],
    ['on a perpetual', { connector_name: 'binance_perpetual' }, {}, undefined],
    ['no sells', { sell_spreads: '', sell_amounts_pct: null }, {}, undefined],
    ['no price', {}, { mid: () => Number.NaN }, undefined],
  ]
  for (const [what, changes, world, order] of cases) {
    const config = configured({ ...spot, ...changes })
    const actions = pmmSimple.start(config)(aWorld({ mid: () => 99.93, ...world }))
    const [made] = createdOrders(actions)
    t.same(
      made && [made.side, made.level_id, made.execution_strategy, made.price],
      order && [order[0], 'position_rebalance', 'MARKET', 99.93],
      what,
    )
    if (order && made) {
      t.ok(Math.abs(made.amount / order[1] - 1) < 1e-12, `${what}: ${made.amount}`)
      t.equal(created(actions)[0], made, 'before the levels, which are filled in the same tick')
      t.ok(created(actions).length > 1)
      const again = aWorld({ mid: () => 99.93, ...world, active: [anExecutor({ ...made, ...rebalance })] })
      t.same(createdOrders(pmmSimple.start(config)(again)), [], 'not while one is at work')
    }
  }
})

const spreads = fc.array(fc.double({ min: 0, max: 0.5, noNaN: true }), { maxLength: 6 })

t.test('all levels together spend the configured money', async () => {
  const weights = (count: number) =>
    fc.option(fc.array(fc.double({ min: 0.01, max: 10, noNaN: true }), { minLength: count, maxLength: count }))
  const ladders = fc
    .tuple(spreads, spreads)
    .filter(([buys, sells]) => buys.length + sells.length > 0)
    .chain(([buys, sells]) =>
      fc.tuple(fc.constant(buys), fc.constant(sells), weights(buys.length), weights(sells.length)),
    )
  fc.assert(
    fc.property(ladders, fc.double({ min: 1, max: 1e6, noNaN: true }), ([buys, sells, bought, sold], money) => {
      const ladder = { buy_spreads: buys, sell_spreads: sells, buy_amounts_pct: bought, sell_amounts_pct: sold }
      const levels = levelsOf(ladder, money)
      const sum = nearest(levels.map(({ quote }) => quote).reduce(plus))
      return Math.abs(sum / money - 1) < 1e-15 && levels.length === buys.length + sells.length
    }),
  )
})

type Fate = 'stays' | 'is filled' | CloseType
const fates = fc.constantFrom<Fate>('stays', 'stays', 'is filled', 'STOP_LOSS', 'TAKE_PROFIT', 'TIME_LIMIT')
const histories = fc.array(fc.tuple(fc.integer({ min: 1, max: 40 }), fc.array(fates, { minLength: 4, maxLength: 4 })), {
  maxLength: 60,
})

t.test('whatever becomes of them: one executor a level, none too early, none too late', async () => {
  fc.assert(
    fc.property(histories, (history) => {
      const config = configured({ executor_refresh_time: 60, cooldown_time: 30 })
      const levels = levelsOf(config, 1000).map(({ id }) => id)
      const decide = pmmSimple.start(config)
      const finished: Executor[] = []
      let active: Executor[] = []
      let now = 1000
      for (const [passed, fate] of history) {
        now += passed
        active = active.flatMap((executor, at): Executor[] => {
          const becomes = fate[at % fate.length] ?? 'stays'
          if (becomes === 'stays') return [executor]
          if (becomes === 'is filled') return [{ ...executor, isTrading: true }]
          finished.push(ended(executor, becomes, now))
          return []
        })
        // The plain rule: every executor that ever was is looked at.
        const isTaken = (id: string): boolean =>
          active.some(({ levelId }) => levelId === id) ||
          finished.some(
            ({ levelId, closeType, closeTimestamp }) =>
              levelId === id && closeType === 'STOP_LOSS' && now - (closeTimestamp ?? 0) < 30,
          )
        const isOld = ({ isTrading, timestamp }: Executor) => !isTrading && now - timestamp > 60
        const [free, old] = [levels.filter((id) => !isTaken(id)), active.filter(isOld)]

        const actions = decide(aWorld({ now, active, finished }))
        if (createdLevels(actions).join() !== free.join()) return false
        if (
          stopped(actions)
            .map(({ id }) => id)
            .join() !== old.map(({ id }) => id).join()
        )
          return false
        for (const executor of old) finished.push(ended(executor, 'EARLY_STOP', now))
        active = active.filter((executor) => !isOld(executor))
        for (const executor of created(actions)) active.push(anExecutor(executor, { timestamp: now }))
        if (new Set(active.map(({ levelId }) => levelId)).size !== active.length) return false
      }
      return true
    }),
  )
})
