import t from 'tap'
import type { Candles } from '../../candles.ts'
import type { Executor } from '../../executors/executor.ts'
import type { ConnectorPair } from '../../executors/executor-config.ts'
import type { Side } from '../../executors/side.ts'
import { pairSpread } from '../../indicators/pair-spread.ts'
import { nearest } from '../../numbers/exact.ts'
import { anExecutor, aPosition, aWorld } from '../../testing/world.ts'
import type { Action, World } from '../controller.ts'
import { statArb } from './stat-arb.ts'

const DOMINANT = { connector_name: 'binance_perpetual', trading_pair: 'SOL-USDT' }
const HEDGE = { connector_name: 'binance_perpetual', trading_pair: 'POPCAT-USDT' }
const LOOKBACK = 20

const configured = (changes = {}) =>
  statArb.schema.parse({
    id: 'pairs',
    total_amount_quote: 100,
    lookback_period: LOOKBACK,
    quoter_spread: 0.001,
    ...changes,
  })

const candlesOf = (closes: readonly number[], from = 0): Candles => {
  const close = Float64Array.from(closes)
  return {
    length: close.length,
    timestamp: close.map((_, row) => (from + row) * 60),
    open: close,
    high: close,
    low: close,
    close,
    volume: close,
    extra: new Map(),
  }
}

const steady = Array.from({ length: LOOKBACK }, (_, row) => 100 + Math.sin(row))
/** The hedge follows the dominant until its last close. */
const last = (factor: number) =>
  steady.map((close, row) => (row === LOOKBACK - 1 ? close * factor : close + row / 1000))

const signalled = (signal: -1 | 0 | 1) => {
  const factor = signal === 1 ? 1.1 : signal === -1 ? 0.9 : 1
  const [x, y] = [candlesOf(steady), candlesOf(last(factor))]
  const z = pairSpread(x.close, y.close, LOOKBACK)?.z ?? Number.NaN
  if (signal !== 0 && (Math.sign(z) !== signal || Math.abs(z) <= 2)) throw new TypeError(`z is ${z}`)
  return ({ pair }: { pair: string }) => (pair === 'SOL-USDT' ? x : y)
}

/** SOL at 100, POPCAT at 2. */
const world = (signal: -1 | 0 | 1, changes: Partial<World> = {}): World =>
  aWorld({
    mid: ({ trading_pair }) => (trading_pair === 'SOL-USDT' ? 100 : 2),
    candles: signalled(signal),
    ...changes,
  })

const quote = (market: ConnectorPair, side: Side, price: number, changes: Partial<Executor> = {}): Executor =>
  anExecutor(
    {
      type: 'position_executor',
      ...market,
      side,
      entry_price: price,
      amount: 1,
      triple_barrier_config: {
        stop_loss: null,
        take_profit: 0.0008,
        time_limit: null,
        trailing_stop: null,
        open_order_type: 'LIMIT_MAKER',
        take_profit_order_type: 'LIMIT_MAKER',
        stop_loss_order_type: 'MARKET',
        time_limit_order_type: 'MARKET',
      },
      leverage: 20,
      activation_bounds: null,
      level_id: null,
    },
    changes,
  )

const filled = (quoted: Executor, filledAmountQuote = 10): Executor => ({
  ...quoted,
  isTrading: true,
  filledAmountQuote,
})

const held = (market: ConnectorPair, side: Side, amountQuote: number, changes = {}) => {
  const price = market === DOMINANT ? 100 : 2
  return aPosition({ ...market, side, amount: amountQuote / price, breakevenPrice: price, ...changes })
}

const told = (actions: readonly Action[]): string[] =>
  actions.map((action) => {
    const { config } = action.type === 'create' ? { config: action.executor } : action.executor
    if (config.type !== 'position_executor' && config.type !== 'order_executor') return config.type
    const what = `${config.side} ${config.trading_pair.split('-')[0]}`
    if (action.type === 'stop') return `stop ${what}${action.keepPosition ? ' and keep' : ''}`
    return config.type === 'order_executor'
      ? `${config.position_action} ${what} ${config.amount}`
      : `quote ${what} ${nearest(config.entry_price).toFixed(6)}`
  })

const decided = (at: World, changes = {}) => told(statArb.start(configured(changes))(at))

t.test('a new candle counts also when it opens at the last close', async (t) => {
  const decide = statArb.start(configured())
  t.equal(decide(world(1)).length, 2)
  // The same last closes, but now the hedge has been that dear all the time.
  const dear = steady.map((close, row) => close * 1.1 + (row === LOOKBACK - 1 ? 0 : row / 1000))
  const next = world(1, { candles: ({ pair }) => candlesOf(pair === 'SOL-USDT' ? steady : dear, 1) })
  t.same(decided(next), [])
  t.same(told(decide(next)), [])
})

t.test('the one that fell behind is bought, the other sold', async (t) => {
  t.strictSame(decided(world(1)), ['quote BUY SOL 99.900000', 'quote SELL POPCAT 2.002000'])
  t.strictSame(decided(world(-1)), ['quote SELL SOL 100.100000', 'quote BUY POPCAT 1.998000'])
  t.strictSame(decided(world(0)), [])
  t.strictSame(decided(world(1, { mid: () => Number.NaN })), [], 'nothing without a price')
})

t.test('there is no signal while a series is too short', async (t) => {
  t.strictSame(decided(world(1), { lookback_period: LOOKBACK + 1 }), [])
  t.strictSame(decided(world(1, { candles: () => undefined })), [])
})

t.test('the signal follows the candles', async (t) => {
  const decide = statArb.start(configured())
  t.equal(decide(world(1)).length, 2)
  t.equal(decide(world(0)).length, 0)
  t.strictSame(told(decide(world(-1))), ['quote SELL SOL 100.100000', 'quote BUY POPCAT 1.998000'])
})

t.test('a quote is a small maker order with a profit to take', async (t) => {
  const [action] = statArb.start(configured())(world(1))
  t.match(action, {
    type: 'create',
    executor: {
      type: 'position_executor',
      ...DOMINANT,
      side: 'BUY',
      amount: 0.1,
      triple_barrier_config: {
        stop_loss: null,
        take_profit: 0.0008,
        time_limit: null,
        trailing_stop: null,
        open_order_type: 'LIMIT_MAKER',
        take_profit_order_type: 'LIMIT_MAKER',
      },
      leverage: 20,
    },
  })
})

const fresh = { timestamp: 999_995 }
const QUOTES: readonly (readonly [string, Partial<World>, readonly string[]])[] = [
  [
    'one below the lowest that waits, one above the highest',
    { active: [quote(DOMINANT, 'BUY', 98, fresh), quote(HEDGE, 'SELL', 2.5, fresh)] },
    ['quote BUY SOL 97.902000', 'quote SELL POPCAT 2.502500'],
  ],
  [
    'no third that waits',
    { active: [quote(DOMINANT, 'BUY', 98, fresh), quote(DOMINANT, 'BUY', 97, fresh)] },
    ['quote SELL POPCAT 2.002000'],
  ],
  [
    'no third that is filled',
    { active: [filled(quote(HEDGE, 'SELL', 2, fresh)), filled(quote(HEDGE, 'SELL', 2, fresh))] },
    ['quote BUY SOL 99.900000'],
  ],
  [
    'none for a leg that is what it is to be',
    { positions: [held(DOMINANT, 'BUY', 50), held(HEDGE, 'SELL', 49)] },
    ['quote SELL POPCAT 2.002000'],
  ],
  [
    'none for a leg that will be',
    {
      active: [filled(quote(DOMINANT, 'BUY', 98, fresh), 5)],
      positions: [held(DOMINANT, 'BUY', 45), held(HEDGE, 'SELL', 45)],
    },
    ['quote SELL POPCAT 2.002000'],
  ],
  [
    'none for a dominant that has run ahead',
    { positions: [held(DOMINANT, 'BUY', 30), held(HEDGE, 'SELL', 26)] },
    ['quote SELL POPCAT 2.002000'],
  ],
  [
    'none for a hedge that has run ahead',
    { positions: [held(DOMINANT, 'BUY', 30), held(HEDGE, 'SELL', 34)] },
    ['quote BUY SOL 99.900000'],
  ],
]

t.test('which quotes there are', async (t) => {
  for (const [what, changes, expected] of QUOTES) t.strictSame(decided(world(1, changes)), expected, what)
})

t.test('the legs share the whole by the ratio', async (t) => {
  const positions = [held(DOMINANT, 'BUY', 79), held(HEDGE, 'SELL', 19)]
  const spread = { max_position_deviation: 9, pos_hedge_ratio: '0.25' }
  t.equal(decided(world(1, { positions }), spread).length, 2)
  t.equal(decided(world(1, { positions: [held(DOMINANT, 'BUY', 80), held(HEDGE, 'SELL', 20)] }), spread).length, 0)
})

t.test('what stands on the wrong side is taken off', async (t) => {
  const active = [quote(DOMINANT, 'SELL', 101, fresh), filled(quote(HEDGE, 'BUY', 2, fresh))]
  const gone = { ...active[0], status: 'SHUTTING_DOWN', isActive: false } as Executor
  t.strictSame(decided(world(1, { active: [...active, gone], positions: [held(DOMINANT, 'SELL', 25)] })), [
    'stop SELL SOL',
    'CLOSE BUY SOL 0.25',
    'quote BUY SOL 99.900000',
    'stop BUY POPCAT',
    'quote SELL POPCAT 2.002000',
  ])
})

t.test('quotes are renewed and fills become part of the position', async (t) => {
  const aged = (seconds: number) => ({ timestamp: 1_000_000 - seconds })
  const waiting = (seconds: number) => quote(DOMINANT, 'BUY', 99, aged(seconds))
  const taken = (seconds: number) => filled(quote(HEDGE, 'SELL', 2, aged(seconds)))
  t.strictSame(decided(world(0, { active: [waiting(10), taken(30)] })), [])
  t.strictSame(decided(world(0, { active: [waiting(11), taken(31)] })), ['stop BUY SOL', 'stop SELL POPCAT and keep'])
})

t.test('everything is closed at once when the pair has won or lost enough', async (t) => {
  const pair = (pnl: number) => [
    held(DOMINANT, 'BUY', 50, { unrealizedPnlQuote: pnl + 1, cumFeesQuote: 1 }),
    held(HEDGE, 'SELL', 50),
  ]
  const closes = ['CLOSE SELL SOL 0.5', 'CLOSE BUY POPCAT 25']
  t.strictSame(decided(world(0, { positions: pair(1.01) })), closes)
  t.strictSame(decided(world(1, { positions: pair(-5.01) })), closes)
  t.strictSame(decided(world(0, { positions: pair(1) })), [])
  t.strictSame(decided(world(0, { positions: pair(-5) })), [])
})

t.test('a position is not closed twice while the first order is under way', async (t) => {
  const decide = statArb.start(configured())
  const positions = [held(DOMINANT, 'BUY', 50, { unrealizedPnlQuote: 5 })]
  const at = world(0, { positions })
  const [close] = decide(at)
  if (close?.type !== 'create') throw new TypeError('nothing is closed')
  t.strictSame(decide({ ...at, active: [anExecutor(close.executor)] }), [])
  t.strictSame(decide(at), [], 'it has ended, and what it left is not seen yet')
  t.strictSame(told(decide(at)), ['CLOSE SELL SOL 0.5'], 'it has failed')
  const less = [held(DOMINANT, 'BUY', 20, { unrealizedPnlQuote: 5 })]
  t.strictSame(told(decide({ ...at, positions: less })), ['CLOSE SELL SOL 0.2'], 'it was filled in part')
})

t.test('it reads both markets', async (t) => {
  t.strictSame(statArb.markets(configured()), [DOMINANT, HEDGE])
  t.match(statArb.feeds?.(configured()), [
    { connector: 'binance_perpetual', pair: 'SOL-USDT', interval: '1m', window: LOOKBACK },
    { pair: 'POPCAT-USDT' },
  ])
})
