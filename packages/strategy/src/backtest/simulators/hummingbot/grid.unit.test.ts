import t from 'tap'
import type { GridExecutorConfig, TripleBarrier } from '../../../executors/executor-config.ts'
import { aGrid, barrierOf } from '../../../testing/executors.ts'
import { candlesOf } from '../../../testing/series.ts'
import { marketOf, stepped } from '../../../testing/stepped.ts'
import { HummingbotGrid } from './grid.ts'

/** High, low, close. */
type Row = readonly [number, number, number]

const grid = (given: Partial<GridExecutorConfig>, barriers: Partial<TripleBarrier> = {}): GridExecutorConfig =>
  aGrid({
    start_price: 96,
    end_price: 104,
    total_amount_quote: 300,
    min_spread_between_orders: 0.02,
    triple_barrier_config: barrierOf({ take_profit: 0.05, ...barriers }),
    ...given,
  })

const after = (config: GridExecutorConfig, rows: readonly Row[], cost = 0) => {
  const candles = candlesOf(rows.map(([high, low, close], row) => [60 * row, close, high, low, close, 1]))
  const simulation = new HummingbotGrid('g', config, marketOf(candles, cost), 0)
  stepped(simulation, 0)
  return simulation
}

/** The same market upside down around 100, in prices and in what a grid waits for. */
const mirrored = (config: GridExecutorConfig): GridExecutorConfig => ({
  ...config,
  side: 'SELL',
  limit_price: config.limit_price === 0 ? 0 : 110,
})
const upsideDown = (rows: readonly Row[]): readonly Row[] =>
  rows.map(([high, low, close]) => [200 - low, 200 - high, 200 - close])

/** Levels at 96, 98.666667, 101.333333 and 104; 75 each. */
const cases: readonly (readonly [string, GridExecutorConfig, readonly Row[], string, number, number])[] = [
  ['levels beyond the market are entered at once', grid({}), [[100, 100, 100]], 'TIME_LIMIT', 0, 2],
  ['at their own prices', grid({}), [[110, 110, 103]], 'TIME_LIMIT', 0, 0],
  ['beyond its range it is done', grid({}), [[105, 105, 104.001]], 'TAKE_PROFIT', 0, 0],
  ['and not at its end', grid({}), [[104, 104, 104]], 'TIME_LIMIT', 0, 1],
  [
    'at its limit it gives up',
    grid({}),
    [
      [100, 100, 100],
      [91, 90, 90],
    ],
    'STOP_LOSS',
    1,
    2,
  ],
  [
    'not by a low alone',
    grid({}),
    [
      [100, 100, 100],
      [91, 80, 90.1],
    ],
    'TIME_LIMIT',
    1,
    4,
  ],
  [
    'a limit of nothing is none',
    grid({ limit_price: 0 }),
    [
      [100, 100, 100],
      [91, 1, 1],
    ],
    'TIME_LIMIT',
    1,
    4,
  ],
  [
    'a stop of nothing is none',
    grid({}, { stop_loss: 0 }),
    [
      [100, 100, 100],
      [99, 95, 95],
    ],
    'TIME_LIMIT',
    1,
    4,
  ],
  [
    'its stop counts from what is open',
    grid({}, { stop_loss: 0.04 }),
    [
      [100, 100, 100],
      [99, 97, 97],
    ],
    'STOP_LOSS',
    1,
    3,
  ],
]

t.test('how a grid ends, and how many levels it has entered', async (t) => {
  for (const [name, config, rows, closeType, row, entries] of cases)
    for (const [way, simulation] of [
      ['buying', after(config, rows)],
      ['selling', after(mirrored(config), upsideDown(rows))],
    ] as const) {
      t.equal(simulation.closeType, closeType, `${name}, ${way}`)
      t.equal(simulation.closeTimestamp, 60 * row, `${name}, ${way}: when`)
      t.equal(simulation.grid.fills.length, entries, `${name}, ${way}: entries`)
    }
})

t.test('whether a loss is just the stop is decided by the last digit', async (t) => {
  const cost = 0.0006
  const ends = new Map<string, number>()
  for (let n = 0; n < 200; n++) {
    const start = 90 + n / 17
    const money = { total_amount_quote: 4, min_order_amount_quote: 7 + n / 13 }
    const config = grid({ start_price: start, end_price: start + 1, ...money }, { stop_loss: 2 * cost })
    const { levelPrices, amountQuote: amount } = after(config, [[start, start, start]], cost).grid
    const [close = 0] = levelPrices
    // At the only level itself nothing is lost but the costs.
    const wanted = -(2 * cost * amount) / amount <= -2 * cost ? 'STOP_LOSS' : 'TIME_LIMIT'
    t.equal(after(config, [[close, close, close]], cost).closeType, wanted, `with ${amount} at ${close}`)
    ends.set(wanted, (ends.get(wanted) ?? 0) + 1)
  }
  t.equal(ends.size, 2, 'both ends are there')
})

t.test('what is kept of a grid without a round trip', async (t) => {
  const rows: readonly Row[] = [
    [100, 100, 100],
    [99, 89, 89],
  ]
  for (const [simulation, average] of [
    [after(grid({ keep_position: true }), rows), (104 + 96 + 16 / 3) / 2],
    [after(mirrored(grid({ keep_position: true })), upsideDown(rows)), (96 + 104 - 16 / 3) / 2],
  ] as const) {
    t.equal(simulation.closeType, 'POSITION_HOLD')
    t.equal(simulation.leaves, undefined, 'nothing')
    t.match(simulation, { filledAmountQuote: 0, netPnlQuote: 0, realizedPnlQuote: 0, cumFeesQuote: 0 })
    t.ok(Math.abs(simulation.averagePrice - average) < 1e-9, 'the average stays')
    t.equal(simulation.openOrderLastUpdate, 60, 'with nothing filled it is the row it is on')
  }
})
