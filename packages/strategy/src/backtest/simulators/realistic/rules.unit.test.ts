import t from 'tap'
import type {
  DcaExecutorConfig,
  GridExecutorConfig,
  PositionExecutorConfig,
  TripleBarrier,
} from '../../../executors/executor-config.ts'
import { aDca, aGrid, aPosition, barrierOf } from '../../../testing/executors.ts'
import { candlesOf } from '../../../testing/series.ts'
import { marketOf } from '../../../testing/stepped.ts'
import { simulate } from '../simulate.ts'
import type { SimulatedConfig } from '../simulated-executor.ts'
import type { Simulation } from '../simulation.ts'

/** Open, high, low, close. */
type Row = readonly [number, number, number, number]
/** The candle on whose close everything here is decided. */
const DECIDED: Row = [100, 100, 100, 100]

const COST = 0.001

/** The executor after all rows, or after its end. */
const after = (config: SimulatedConfig, rows: readonly Row[]): Simulation => {
  const candles = candlesOf([DECIDED, ...rows].map((row, n) => [60 * n, ...row, 1]))
  const simulation = simulate.realistic('r', config, marketOf(candles, COST), 0)
  if (simulation === undefined) throw new Error('it was not created')
  for (let row = 1; row < candles.length && simulation.isActive; row++) simulation.advance(row)
  return simulation
}

const position = (
  barriers: Partial<TripleBarrier>,
  given: Partial<PositionExecutorConfig> = {},
): PositionExecutorConfig =>
  aPosition({ triple_barrier_config: barrierOf({ open_order_type: 'MARKET', ...barriers }), ...given })

/** What an exit brought, without fees. */
const gross = ({ netPnlQuote, cumFeesQuote }: Simulation) => Number((netPnlQuote + cumFeesQuote).toFixed(9))

t.test('one entry', async (t) => {
  const both = { take_profit: 0.01, stop_loss: 0.01 }
  const limit = (price: number) => ({ entry_price: price })
  const trailing = { trailing_stop: { activation_price: 0.01, trailing_delta: 0.005 } }
  const flat: Row = [100, 100, 100, 100]
  const cases: readonly (readonly [string, PositionExecutorConfig, readonly Row[], string, number])[] = [
    [
      'a market order fills at the next open',
      position({}),
      [
        [102, 103, 102, 103],
        [103, 103, 103, 103],
      ],
      'TIME_LIMIT',
      1,
    ],
    ['a candle that reaches both ends at the stop', position(both), [[100, 102, 98, 101]], 'STOP_LOSS', -1],
    ['for a sale as well', position(both, { side: 'SELL' }), [[100, 102, 98, 99]], 'STOP_LOSS', -1],
    ['a target that is reached alone is a profit', position(both), [[100, 102, 99.5, 100]], 'TAKE_PROFIT', 1],
    ['a gap through the stop ends at the open', position(both), [flat, [97, 99, 96, 98]], 'STOP_LOSS', -3],
    ['a gap beyond the target ends at the open', position(both), [flat, [103, 104, 90, 98]], 'TAKE_PROFIT', 3],
    [
      'after an entry within a candle its high may have been before',
      position({ ...both, open_order_type: 'LIMIT' }, limit(99)),
      [[100, 102, 98.5, 99.5]],
      'TIME_LIMIT',
      0.5,
    ],
    [
      'and its close was after',
      position({ ...both, open_order_type: 'LIMIT' }, limit(99)),
      [[100, 102, 98.5, 101]],
      'TAKE_PROFIT',
      0.99,
    ],
    [
      'the way to a stop leads past the entry',
      position({ ...both, open_order_type: 'LIMIT' }, limit(99)),
      [[100, 102, 97, 101]],
      'STOP_LOSS',
      -0.99,
    ],
    [
      'a low before the entry is no stop',
      position({ ...both, open_order_type: 'LIMIT' }, { ...limit(101), side: 'SELL' }),
      [
        [100, 100.5, 90, 100],
        [100, 101, 100, 101],
        [101, 101, 101, 101],
      ],
      'TIME_LIMIT',
      0,
    ],
    [
      'a limit that an open is beyond fills at the open',
      position({ open_order_type: 'LIMIT' }, limit(99)),
      [flat, [98, 98.5, 97, 98]],
      'TIME_LIMIT',
      0,
    ],
    [
      'a post-only order does not take what is there: it rests at the market',
      position({ open_order_type: 'LIMIT_MAKER' }, limit(105)),
      [
        [101, 102, 100.5, 101],
        [101, 101, 99, 102],
      ],
      'TIME_LIMIT',
      2,
    ],
    [
      'a trailing stop ends where it was laid',
      position(trailing),
      [
        [100, 102, 100, 101.9],
        [101.9, 103, 101, 103],
      ],
      'TRAILING_STOP',
      1.5,
    ],
    [
      'on the candle of its peak too, when the close is below',
      position(trailing),
      [[100, 102, 100, 101]],
      'TRAILING_STOP',
      1.5,
    ],
    [
      'and at the open after a gap',
      position(trailing),
      [
        [100, 102, 100, 101.9],
        [99, 103, 98, 103],
      ],
      'TRAILING_STOP',
      -1,
    ],
    ['not before its activation', position(trailing), [[100, 100.9, 95, 95]], 'TIME_LIMIT', -5],
    [
      'the time limit ends at a close',
      position({ time_limit: 120 }),
      [flat, [100, 101, 99, 100.5], [200, 200, 200, 200]],
      'TIME_LIMIT',
      0.5,
    ],
    [
      'one shorter than a candle lasts a candle',
      position({ time_limit: 5 }),
      [
        [100, 101, 99, 100.5],
        [200, 200, 200, 200],
      ],
      'TIME_LIMIT',
      0.5,
    ],
  ]
  for (const [name, config, rows, closeType, gain] of cases) {
    const simulation = after(config, rows)
    t.equal(simulation.closeType, closeType, name)
    t.equal(gross(simulation), gain, `${name}: the profit`)
  }
})

t.test('each trade pays its own fee', async (t) => {
  const simulation = after(position({ take_profit: 0.5 }), [
    [100, 120, 100, 110],
    [110, 160, 110, 160],
  ])
  t.equal(simulation.filledAmountQuote, 250)
  t.equal(simulation.cumFeesQuote, 0.25)
  t.equal(simulation.netPnlQuote, 49.75)
  const open = simulate.realistic(
    'r',
    position({}),
    marketOf(
      candlesOf([
        [0, 100, 100, 100, 100, 1],
        [60, 100, 110, 100, 110, 1],
        [120, 1, 1, 1, 1, 1],
      ]),
      COST,
    ),
    0,
  )
  open?.advance(1)
  t.equal(open?.cumFeesQuote, 0.1, 'the way out is not paid for before it is gone')
  t.equal(open?.netPnlQuote, 9.9)
  open?.stop(1, 'keep')
  t.equal(open?.netPnlQuote, 0, 'what is kept is the profit of the position')
  t.same(open?.leaves, { side: 'BUY', base: 1, quote: 100, averagePrice: 100, feesQuote: 0.1 })
})

const dca = (given: Partial<DcaExecutorConfig>): DcaExecutorConfig =>
  aDca({ prices: [99, 90], amounts_quote: [99, 180], ...given })

t.test('several entries', async (t) => {
  const first = after(dca({ take_profit: 0.01 }), [
    [100, 100, 98, 99],
    [99, 101, 99, 100],
  ])
  t.equal(first.closeType, 'TAKE_PROFIT')
  t.equal(gross(first), 0.99, 'a target counts from the levels that have filled')
  const both = after(dca({}), [[100, 100, 89, 93]])
  t.equal(both.averagePrice, 93, 'all levels that a candle passes fill at their prices')
  t.equal(gross(both), 0)
  t.equal(both.cumFeesQuote, 0.279 + 0.279)
  const waiting = after(dca({ stop_loss: 0.01 }), [[100, 100, 91, 92]])
  t.equal(waiting.closeType, 'TIME_LIMIT', 'a stop waits for the last level')
  const late = after(dca({ stop_loss: 0.01 }), [[100, 100, 89, 95]])
  t.equal(late.closeType, 'STOP_LOSS')
  t.equal(gross(late), -9, 'and then ends where the price is')
  const taker = after(dca({ mode: 'TAKER', stop_loss: 2 / 279 }), [[100, 100, 96, 98]])
  t.equal(taker.closeType, 'STOP_LOSS')
  t.equal(gross(taker), -2, 'a taker loses a part of the whole amount')
})

const grid = (given: Partial<GridExecutorConfig>, barriers: Partial<TripleBarrier> = {}): GridExecutorConfig =>
  aGrid({ triple_barrier_config: barrierOf({ take_profit: 0.01, ...barriers }), ...given })

const fillsOf = ({ grid }: Simulation) =>
  grid?.fills.map(({ timestamp, side, price }) => `${timestamp / 60} ${side} ${Number(price.toFixed(6))}`)

t.test('a grid', async (t) => {
  // Levels at 98, 99.333333, 100.666667 and 102, 125 each.
  const levels = after(grid({}), [[100, 100, 100, 100]])
  t.same(
    fillsOf(levels),
    ['1 entry 100', '1 entry 100'],
    'levels above the market fill at the market, the others wait for their price',
  )
  t.equal(levels.closeType, 'TIME_LIMIT')

  const fresh = after(grid({}), [
    [100, 101, 99, 100],
    [100, 100.5, 99.5, 100.4],
    [100.4, 100.4, 100.4, 100.4],
  ])
  t.same(
    fillsOf(fresh),
    ['1 entry 100', '1 entry 100', '1 entry 99.333333', '2 tp 100.326667'],
    'what was entered within a candle is held until the next, or a close beyond its exit',
  )
  const atOnce = after(grid({}), [
    [100, 101, 99, 100.5],
    [100.5, 100.5, 100.5, 100.5],
  ])
  t.same(fillsOf(atOnce)?.slice(-1), ['1 tp 100.326667'])
  const again = after(grid({}), [
    [100, 100, 99, 99.5],
    [99.5, 100.4, 99.4, 99.4],
    [99.3, 100, 99.3, 100],
  ])
  t.same(
    fillsOf(again)?.slice(2),
    ['1 entry 99.333333', '2 tp 100.326667', '3 entry 99.3'],
    'a level that is free again is entered again, at an open that is beyond it',
  )

  const stopped = after(grid({}), [
    [100, 100, 99, 99],
    [95, 96, 85, 88],
  ])
  t.equal(stopped.closeType, 'STOP_LOSS')
  const lost = 250 * (1 - 90 / 100) + 125 * (1 - 90 / (98 + 4 / 3)) + 125 * (1 - 90 / 95)
  t.equal(gross(stopped), Number((-lost).toFixed(9)), 'all of it goes at the limit price')
  const kept = after(grid({ keep_position: true }), [
    [100, 100, 99, 99],
    [95, 96, 85, 88],
  ])
  t.equal(kept.closeType, 'POSITION_HOLD')
  t.match(kept.leaves, { quote: 500, feesQuote: 0.5 }, 'or all of it is kept, with what it cost')
  t.equal(Number(kept.leaves?.base?.toFixed(9)), Number((2.5 + 125 / (98 + 4 / 3) + 125 / 95).toFixed(9)))
  t.equal(kept.realizedPnlQuote, 0)

  const done = after(grid({}), [
    [100, 100, 100, 100],
    [100, 104, 100, 103],
  ])
  t.equal(done.closeType, 'TAKE_PROFIT')
  t.same(fillsOf(done)?.slice(2), ['2 tp 101.673333'])
  t.equal(
    gross(done),
    Number((1.25 * 1.673333333333 + 1.25 * 2).toFixed(9)),
    'beyond its end everything goes at the end',
  )
  const stop = after(grid({}, { stop_loss: 0.02 }), [[100, 100, 97, 99]])
  t.equal(stop.closeType, 'STOP_LOSS', 'the stop follows the average of what is open')
})
