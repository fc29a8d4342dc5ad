import fc from 'fast-check'
import t from 'tap'
import type { Candles } from '../candles.ts'
import { findController } from '../controllers/catalogue.ts'
import type { World } from '../controllers/controller.ts'
import { copyOf, naiveBacktest } from '../testing/backtests/naive-engine.ts'
import { type Moves, moves, trader } from '../testing/backtests/random-trader.ts'
import { differences } from '../testing/differences.ts'
import { randomWalk } from '../testing/random-walk.ts'
import { candlesOf, firstRows, longerCandles } from '../testing/series.ts'
import { backtestAnswer } from './answer/answer.ts'
import type { BacktestInput, BacktestMode, BacktestResult } from './backtest.ts'
import { runBacktest } from './run-backtest.ts'
import { simulate } from './simulators/simulate.ts'

const MARKET = { connector_name: 'binance_perpetual', trading_pair: 'AAA-USDT' }

/** To the last bit; says where two are not. */
const same = (what: string, actual: unknown, expected: unknown): void => {
  const [first] = differences(what, expected, actual, { relative: 0, absolute: 0 })
  if (first !== undefined) throw new Error(`${first.at} is ${first.actual} and should be ${first.expected}`)
}

/** Minutes of a walk, of which some are missing. */
const series = fc
  .record({ seed: fc.nat(), rows: fc.integer({ min: 2, max: 250 }), gaps: fc.array(fc.nat(249), { maxLength: 20 }) })
  .map(({ seed, rows, gaps }): Candles => {
    const whole = walk(seed, rows)
    const { timestamp, open, high, low, close, volume } = whole
    const kept = Array.from(timestamp, (time, n) => [time, open[n], high[n], low[n], close[n], volume[n]].map(Number))
    return candlesOf(kept.filter((_, n) => n === 0 || !gaps.includes(n)))
  })

const walk = (seed: number, rows: number): Candles =>
  randomWalk({ seed, rows, step: 60, start: 100, decimals: 2, drift: 0, volatility: 0.003, wick: 0.0015 })

const input = (candles: Candles, plan: Moves, mode: BacktestMode, look?: (world: World) => void): BacktestInput => ({
  ...trader(plan, MARKET, look),
  market: MARKET,
  candles,
  feed: () => undefined,
  rules: undefined,
  tradeCost: 0.0005,
  mode,
})

/** Everything a controller can look at, as it is at the moment. */
const sight = (world: World) => ({
  now: world.now,
  mid: world.mid(MARKET),
  active: world.active.map(copyOf),
  finished: world.finished.map(copyOf),
  positions: world.positions.map((position) => ({
    side: position.side,
    amount: position.amount,
    breakeven: position.breakevenPrice,
    unrealized: position.unrealizedPnlQuote,
    realized: position.realizedPnlQuote,
  })),
})

const pointsOf = ({ pnl }: BacktestResult) =>
  Array.from(pnl.timestamp, (timestamp, row) => ({
    timestamp,
    executorRealized: pnl.executorRealized[row],
    positionRealized: pnl.positionRealized[row],
    positionUnrealized: pnl.positionUnrealized[row],
    activeExecutors: pnl.activeExecutors[row],
    cumulativeVolume: pnl.cumulativeVolume[row],
  }))

t.test('the engine is the plain one, for any actions on any candles', async () => {
  fc.assert(
    fc.property(series, moves, (candles, plan) => {
      const [seen, seenPlainly]: unknown[][] = [[], []]
      const fast = runBacktest(input(candles, plan, 'hummingbot', (world) => seen?.push(sight(world))))
      const slow = naiveBacktest(
        input(candles, plan, 'hummingbot', (world) => seenPlainly?.push(sight(world))),
        simulate.hummingbot,
      )
      same('what the controller saw', seen, seenPlainly)
      same('executors', fast.executors.map(copyOf), slow.executors)
      same('profits', pointsOf(fast), slow.points)
    }),
    { numRuns: 60 },
  )
})

const modes = fc.constantFrom<BacktestMode>('hummingbot', 'realistic')

t.test('the same backtest gives the same answer, to the byte', async () => {
  fc.assert(
    fc.property(series, moves, modes, (candles, plan, mode) => {
      const answer = () => [...backtestAnswer(runBacktest(input(candles, plan, mode)))].join('')
      const [first, second] = [answer(), answer()]
      return first === second
    }),
    { numRuns: 40 },
  )
})

/** What is known before a time: it is the same whatever comes then. */
const before = (time: number, { executors, pnl, held }: BacktestResult) => {
  const rows = pnl.timestamp.filter((each) => each < time).length
  const heldRows = held.timestamp.filter((each) => each < time).length
  return {
    executors: executors.filter(({ closeTimestamp }) => (closeTimestamp ?? time) < time).map(copyOf),
    total: [...pnl.total.subarray(0, rows)],
    unrealized: [...pnl.executorUnrealized.subarray(0, rows)],
    active: [...pnl.activeExecutors.subarray(0, rows)],
    volume: [...pnl.cumulativeVolume.subarray(0, rows)],
    held: [...held.unrealizedPnl.subarray(0, heldRows)],
  }
}

t.test('a careful engine does not know the future: without it, the past is the same', async () => {
  fc.assert(
    fc.property(series, moves, fc.double({ min: 0.1, max: 0.95, noNaN: true }), (candles, plan, share) => {
      const shorter = firstRows(candles, Math.max(2, Math.floor(candles.length * share)))
      // On its last row everything ends, because there is nothing after it.
      const end = shorter.timestamp.at(-1) ?? 0
      const [all, some] = [
        runBacktest(input(candles, plan, 'realistic')),
        runBacktest(input(shorter, plan, 'realistic')),
      ]
      same('the past', before(end, some), before(end, all))
    }),
    { numRuns: 60 },
  )
})

const DIRECTIONAL = { cooldown_time: 120, time_limit: 1800, stop_loss: '0.006', take_profit: '0.004', interval: '3m' }
const controllers = [
  { controller_type: 'directional_trading', controller_name: 'bollinger_v1', bb_length: 10, ...DIRECTIONAL },
  { controller_type: 'directional_trading', controller_name: 'dman_v3', bb_length: 10, ...DIRECTIONAL },
  { controller_type: 'directional_trading', controller_name: 'supertrend_v1', length: 5, ...DIRECTIONAL },
  { controller_type: 'directional_trading', controller_name: 'macd_bb_v1', bb_length: 10, ...DIRECTIONAL },
  { controller_type: 'market_making', controller_name: 'pmm_simple', executor_refresh_time: 300, time_limit: 900 },
  { controller_type: 'market_making', controller_name: 'pmm_dynamic', interval: '3m', time_limit: 900 },
  {
    controller_type: 'generic',
    controller_name: 'grid_strike',
    start_price: '97',
    end_price: '103',
    limit_price: '90',
  },
] as const

t.test('nor do the standard controllers', async () => {
  for (const chosen of controllers) {
    const controller = findController(chosen.controller_type, chosen.controller_name)
    if (controller === undefined) throw new Error(`there is no ${chosen.controller_name}`)
    const config = controller.schema.parse({ id: 'x', ...MARKET, total_amount_quote: 1000, ...chosen })
    const run = (all: Candles): BacktestResult =>
      runBacktest({
        controller,
        config,
        market: MARKET,
        candles: all,
        feed: () => longerCandles(all, 180),
        rules: undefined,
        tradeCost: 0.0005,
        mode: 'realistic',
      })
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 500, max: 999 }), (seed, rows) => {
        const all = walk(seed, 1000)
        const some = firstRows(all, rows)
        const end = some.timestamp.at(-1) ?? 0
        same(chosen.controller_name, before(end, run(some)), before(end, run(all)))
      }),
      { numRuns: 5 },
    )
  }
})
