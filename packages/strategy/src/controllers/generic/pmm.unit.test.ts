import fc from 'fast-check'
import t from 'tap'
import type { Candles } from '../../candles.ts'
import type { Executor } from '../../executors/executor.ts'
import { nearest } from '../../numbers/exact.ts'
import { created, createdLevels, createdPositions, ended } from '../../testing/actions.ts'
import { aWorld as aBacktest, anExecutor, aPosition } from '../../testing/world.ts'
import { NO_ACTIONS, type World } from '../controller.ts'
import { positionOn, shareOf, skewOf } from './base-share.ts'
import { type PmmConfig, pmm } from './pmm.ts'
import { pmmAdjusted } from './pmm-adjusted.ts'

const aWorld = (changes: Partial<World> = {}): World => aBacktest({ mode: 'live', ...changes })

const MARKET = { connector_name: 'binance', trading_pair: 'BTC-USDT' }
const configured = (changes: Record<string, unknown> = {}): PmmConfig =>
  pmm.schema.parse({ id: 'maker', trading_pair: 'BTC-USDT', total_amount_quote: 1000, ...changes })

/** An inventory that did cost a share of 1000, at 100 a piece. */
const holding = (share: number, profit = 0) =>
  aPosition({ ...MARKET, amount: share * 10, unrealizedPnlQuote: share * 1000 * profit })

t.test('defaults are parsed like any other value', async (t) => {
  t.match(pmm.schema.parse({ id: 'maker' }), {
    connector_name: 'binance',
    trading_pair: 'BTC-FDUSD',
    buy_spreads: [0.01, 0.02],
    take_profit_order_type: 'LIMIT_MAKER',
    position_mode: 'HEDGE',
    max_skew: 1,
    global_stop_loss: 0.05,
  })
  const { error } = pmm.schema.safeParse({ id: 'maker', min_base_pct: 0.4, buy_amounts_pct: '1' })
  t.same(
    error?.issues.map(({ path }) => path[0]),
    ['buy_amounts_pct', 'max_base_pct'],
  )
})

t.test('between the bounds both sides, beyond them only the one that leads back', async (t) => {
  const all = ['buy_0', 'buy_1', 'sell_0', 'sell_1']
  const cases: [string, Partial<World>, string[]][] = [
    ['nothing held', {}, all.slice(0, 2)],
    ['too little', { positions: [holding(0.09)] }, all.slice(0, 2)],
    ['the least', { positions: [holding(0.1)] }, all],
    ['the most', { positions: [holding(0.4)] }, all],
    ['too much', { positions: [holding(0.41)] }, all.slice(2)],
    ['owed', { positions: [{ ...holding(0.5), side: 'SELL' }] }, all.slice(0, 2)],
    ['held elsewhere', { positions: [aPosition({ amount: 4 })] }, all.slice(0, 2)],
    ['no price', { mid: () => Number.NaN }, []],
  ]
  for (const [what, world, levels] of cases) t.same(createdLevels(pmm.start(configured())(aWorld(world))), levels, what)
})

t.test('a backtest of the original looks at no inventory: it only buys, and never sells all', async (t) => {
  const seen = (mode: World['mode']) =>
    createdLevels(pmm.start(configured())(aWorld({ mode, positions: [holding(0.5, 0.5)] })))
  t.same(seen('hummingbot'), ['buy_0', 'buy_1'])
  t.same(seen('realistic'), ['global_tp_sl'])
})

t.test('positions at the levels, each with the profit of its distance', async (t) => {
  const config = configured({ buy_spreads: '0.5,0.75', sell_spreads: '', buy_amounts_pct: '1,3', take_profit: '0.03' })
  const quantizeAmount = (_: unknown, amount: number) => Math.floor(amount * 10) / 10
  const [near, far, ...more] = createdPositions(pmm.start(config)(aWorld({ quantizeAmount })))
  // 5 % of 1000 is 50: 12.5 at a price of 50 and 37.5 at one of 25, rounded down to a tenth.
  t.same(more, [])
  t.same(
    [near, far].map((made) => made && [nearest(made.entry_price), made.amount]),
    [
      [50, 0.2],
      [25, 1.5],
    ],
  )
  const barrier = {
    stop_loss: null,
    time_limit: null,
    trailing_stop: null,
    open_order_type: 'LIMIT_MAKER',
    take_profit_order_type: 'LIMIT_MAKER',
    stop_loss_order_type: 'MARKET',
    time_limit_order_type: 'MARKET',
  }
  t.same(near?.triple_barrier_config, { ...barrier, take_profit: 0.03 })
  t.same(far?.triple_barrier_config, { ...barrier, take_profit: 0.06 })
  t.same(createdLevels(pmm.start(config)(aWorld({ quantizeAmount: () => 0 }))), [], 'nothing that rounds to nothing')
  const none = createdPositions(pmm.start(configured({ take_profit: '' }))(aWorld()))
  t.equal(none[1]?.triple_barrier_config.take_profit, null)
})

t.test('the skew makes smaller what leads to the end the inventory is near', async (t) => {
  const config = configured({ max_skew: '0.1', buy_spreads: 0, sell_spreads: 0 })
  const amounts = (share: number) =>
    createdPositions(pmm.start(config)(aWorld({ positions: [holding(share)] }))).map(({ amount }) => amount)
  const whole = 25 / 100
  const cases: [number, number[]][] = [
    [0.1, [whole, whole * 0.1]],
    [0.25, [whole / 2, whole / 2]],
    [0.4, [whole * 0.1, whole]],
  ]
  for (const [share, expected] of cases)
    amounts(share).forEach((amount, at) => {
      t.ok(Math.abs(amount / (expected[at] ?? 0) - 1) < 1e-9, `${share}: ${amount}`)
    })
})

t.test('a skew is never below its least nor above one', async () => {
  const share = fc.double({ min: -5, max: 5, noNaN: true })
  const least = fc.double({ min: 0, max: 1, noNaN: true })
  fc.assert(
    fc.property(share, share, share, least, (at, low, width, floor) => {
      const bounds = { min_base_pct: low, max_base_pct: low + Math.abs(width) + 0.01 }
      const more = skewOf('towards the most', at, bounds, floor)
      const less = skewOf('towards the least', at, bounds, floor)
      return more >= floor && more <= 1 && less >= floor && less <= 1 && (at > low || less === floor)
    }),
  )
})

t.test('what an inventory did cost, seen from the side that collects it', async (t) => {
  t.equal(shareOf(undefined, 'BUY', 1000), 0)
  t.equal(shareOf(holding(0.3), 'BUY', 1000), 0.3)
  t.equal(shareOf(holding(0.3), 'SELL', 1000), -0.3)
  const rounding = aPosition({ ...MARKET, amount: 1e-17, volumeTradedQuote: 1000 })
  t.equal(positionOn([rounding], MARKET), undefined, 'what rounding left is nothing')
  t.equal(positionOn([{ ...rounding, amount: 1e-10 }], MARKET)?.amount, 1e-10, 'the smallest coin is something')
})

t.test('waiting orders are placed anew, filled ones become inventory', async (t) => {
  const now = 1_000_000
  const config = configured()
  const [first, ...others] = createdPositions(pmm.start(config)(aWorld())).map((made) => anExecutor(made))
  if (first === undefined) throw new Error('no level')
  const cases: [string, Partial<Executor>, boolean][] = [
    ['as old as the refresh time', { timestamp: now - 300 }, false],
    ['older', { timestamp: now - 301 }, true],
    ['filled a cooldown ago', { timestamp: now - 900, isTrading: true, openOrderLastUpdate: now - 15 }, false],
    ['filled longer ago', { timestamp: now - 900, isTrading: true, openOrderLastUpdate: now - 16 }, true],
    ['on its way out', { timestamp: now - 900, isActive: false, status: 'SHUTTING_DOWN' }, false],
  ]
  for (const [what, changes, isDue] of cases) {
    const executor = { ...first, ...changes }
    const actions = pmm.start(config)(aWorld({ now, active: [executor, ...others] }))
    t.same(actions, isDue ? [{ type: 'stop', executor, keepPosition: true }] : [], what)
  }
  t.equal(pmm.start(config)(aWorld({ now, active: [first, ...others] })), NO_ACTIONS)
  const traded = { ...first, isTrading: true, openOrderLastUpdate: now - 16 }
  const waiting = { ...first, timestamp: now - 301 }
  const stopped = pmm.start(config)(aWorld({ now, active: [traded, waiting, ...others] }))
  t.same(
    stopped.map((action) => action.type === 'stop' && action.executor.isTrading),
    [false, true],
    'those that wait first',
  )
})

t.test('the whole inventory is sold when it has won or lost enough', async (t) => {
  const cases: [string, ReturnType<typeof holding>, boolean][] = [
    ['won', holding(0.3, 0.021), true],
    ['not enough', holding(0.3, 0.02), false],
    ['lost', holding(0.3, -0.051), true],
    ['not enough lost', holding(0.3, -0.05), false],
    ['at the target', holding(0.2, 0.5), false],
    ['owed', { ...holding(0.3, 0.5), side: 'SELL' }, false],
  ]
  for (const [what, position, isSold] of cases) {
    const made = created(pmm.start(configured())(aWorld({ positions: [position] })))
    const order = {
      type: 'order_executor',
      ...MARKET,
      side: 'SELL',
      amount: 3,
      position_action: 'CLOSE',
      price: 100,
      chaser_config: null,
      execution_strategy: 'MARKET',
      leverage: 20,
      level_id: 'global_tp_sl',
    }
    if (isSold) t.same(made, [order], `${what}: this and nothing else`)
    else t.notMatch(made, [{ level_id: 'global_tp_sl' }], what)
  }
})

t.test('the inventory is not sold twice while the first sale does not show yet', async (t) => {
  const decide = pmm.start(configured())
  const positions = [holding(0.3, 0.1)]
  const sells = (world: Partial<World>) =>
    createdLevels(decide(aWorld({ positions, ...world }))).includes('global_tp_sl')
  const [order] = created(decide(aWorld({ positions })))
  if (order === undefined) throw new Error('nothing sold')
  const sale = anExecutor(order)
  t.equal(sells({ active: [sale] }), false, 'at work')
  t.equal(sells({ finished: [ended(sale, 'POSITION_HOLD', 1_000_000)] }), false, 'just done')
  t.equal(sells({}), true, 'still held a tick later: it was not sold')
  t.equal(sells({}), false, 'sold within a tick: the same')
})

t.test('pmm_adjusted quotes around the last close of another market', async (t) => {
  const config = pmmAdjusted.schema.parse({ id: 'maker', buy_spreads: 0, candles_interval: '1m' })
  const feed = { connector: 'binance', pair: 'BTC-USDT', interval: '1m', window: 500 }
  t.same(pmmAdjusted.feeds?.(config), [feed])
  const closes = Float64Array.of(41, 42)
  const candles: Candles = {
    length: 2,
    timestamp: closes,
    open: closes,
    high: closes,
    low: closes,
    close: closes,
    volume: closes,
    extra: new Map(),
  }
  const price = (seen: Candles | undefined) => {
    const world = aWorld({ candles: (asked) => (asked.pair === 'BTC-USDT' ? seen : undefined) })
    return createdPositions(pmmAdjusted.start(config)(world)).map(({ entry_price }) => nearest(entry_price))
  }
  t.same(price(candles), [42])
  t.same(price(undefined), [100], 'its own market while there is none')
  t.same(price({ ...candles, length: 0 }), [100])
  const backtest = aWorld({ mode: 'hummingbot', candles: () => candles })
  const prices = createdPositions(pmmAdjusted.start(config)(backtest)).map(({ entry_price }) => nearest(entry_price))
  t.same(prices, [100], 'a backtest of the original does not look at it')
})
