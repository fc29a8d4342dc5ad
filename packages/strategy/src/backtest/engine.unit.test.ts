import t from 'tap'
import type { Action, Controller, World } from '../controllers/controller.ts'
import type { OrderExecutorConfig, PositionExecutorConfig } from '../executors/executor-config.ts'
import { trader } from '../testing/backtests/random-trader.ts'
import { anOrder, aPosition, barrierOf } from '../testing/executors.ts'
import { candlesOf } from '../testing/series.ts'
import type { BacktestInput, BacktestMode } from './backtest.ts'
import { runBacktest } from './run-backtest.ts'

const MARKET = { connector_name: 'binance_perpetual', trading_pair: 'AAA-USDT' }
const CLOSES = [100, 101, 102, 103, 104, 105]

const order = (side: 'BUY' | 'SELL'): OrderExecutorConfig => anOrder({ ...MARKET, side })

const position = aPosition({ ...MARKET, triple_barrier_config: barrierOf({ open_order_type: 'MARKET' }) })

const create = (executor: OrderExecutorConfig | PositionExecutorConfig): Action => ({ type: 'create', executor })

/** Runs what `act` does on each row, on six minutes on which the price rises by one each. */
const run = (
  act: (world: World, row: number) => readonly Action[],
  mode: BacktestMode = 'hummingbot',
  more: Partial<Controller> = {},
) => {
  const base = trader(new Map(), MARKET)
  const controller: Controller = {
    ...base.controller,
    ...more,
    start: () => {
      let row = 0
      return (world) => act(world, row++)
    },
  }
  const input: BacktestInput = {
    controller,
    config: base.config,
    market: MARKET,
    candles: candlesOf(CLOSES.map((close, row) => [60 * row, close, close, close, close, 1])),
    feed: () => undefined,
    rules: undefined,
    tradeCost: 0,
    mode,
  }
  return runBacktest(input)
}

const seen = (mode: BacktestMode) => {
  const views: string[] = []
  const result = run((world, row) => {
    const held = world.positions.map(({ amount, breakevenPrice }) => `${amount} at ${breakevenPrice}`)
    views.push(`${world.active.length} active, ${world.finished.length} finished, holds ${held.join() || 'nothing'}`)
    return row === 1 ? [create(order('BUY'))] : []
  }, mode)
  return { views, held: [...result.held.timestamp], unrealized: [...result.held.unrealizedPnl] }
}

t.test('the original does not see for one row what a market order has bought', async (t) => {
  t.same(seen('hummingbot'), {
    views: [
      '0 active, 0 finished, holds nothing',
      '0 active, 0 finished, holds nothing',
      '0 active, 1 finished, holds nothing',
      '0 active, 1 finished, holds 1 at 101',
      '0 active, 1 finished, holds 1 at 101',
      '0 active, 1 finished, holds 1 at 101',
    ],
    held: [180, 240, 300],
    unrealized: [2, 3, 4],
  })
})

t.test('a careful backtest sees it on the next row', async (t) => {
  const { views, held } = seen('realistic')
  t.match(views[2], /0 active, 1 finished, holds 1 at/)
  t.equal(held[0], 120)
})

t.test('what a controller derives for itself is not in the answer', async (t) => {
  const values = Float64Array.from(CLOSES, (close) => close / 2)
  const columns = new Map([
    ['shown', values],
    ['_own', values],
  ])
  const own: number[] = []
  const look = (world: World): [] => {
    own.push(world.feature('_own'))
    return []
  }
  const { processed } = run(look, 'hummingbot', {
    features: () => ({ timestamp: Float64Array.from(CLOSES, (_, row) => 60 * row), columns }),
  })
  t.same(own, [...values])
  t.ok(processed.columns.has('shown'))
  t.notOk(processed.columns.has('_own'))
})

t.test('what is decided on the last row has no effect', async (t) => {
  const rows: number[] = []
  const { executors, pnl } = run((_, row) => {
    rows.push(row)
    return row >= 4 ? [create(position)] : []
  })
  t.same(rows, [0, 1, 2, 3, 4, 5])
  t.match(executors, [{ id: 'trader-1', timestamp: 240, closeType: 'TIME_LIMIT', closeTimestamp: 300 }])
  t.same([...pnl.activeExecutors], [0, 0, 0, 0, 0, 0])
})

t.test('one that is stopped ends at once; what has ended cannot be stopped', async (t) => {
  const { executors, pnl, holds } = run((world, row) => {
    if (row === 0) return [create(position), create(position)]
    const [first, second] = [...world.active, ...world.finished]
    if (row > 3 || first === undefined || second === undefined) return []
    const stop = (keepPosition: boolean): Action => ({ type: 'stop', executor: first, keepPosition })
    return row === 2 ? [stop(true), stop(false)] : row === 3 ? [stop(true)] : []
  })
  t.match(executors, [
    { id: 'trader-1', closeType: 'POSITION_HOLD', closeTimestamp: 120, isActive: false, isTrading: false },
    { id: 'trader-2', closeType: 'POSITION_HOLD', closeTimestamp: 180 },
  ])
  t.match(holds, [{ netAmountBase: 2, averageEntryPrice: 100, executors: 2 }])
  t.same([...pnl.activeExecutors], [0, 2, 2, 1, 0, 0])
  t.same([...pnl.executorUnrealized].map(Math.round), [0, 2, 4, 3, 0, 0])
  t.same([...pnl.cumulativeVolume], [0, 0, 0, 100, 200, 200])
})

t.test('what a controller throws ends the backtest, as does whoever watches it', async (t) => {
  t.throws(
    () =>
      run(() => {
        throw new Error('no idea')
      }),
    { message: 'no idea' },
  )
  const told: (readonly number[])[] = []
  const base = trader(new Map(), MARKET)
  const input: BacktestInput = {
    ...base,
    market: MARKET,
    candles: candlesOf(Array.from({ length: 10_000 }, (_, row) => [row, 1, 1, 1, 1, 1])),
    feed: () => undefined,
    rules: undefined,
    tradeCost: 0,
    mode: 'hummingbot',
  }
  runBacktest({ ...input, onProgress: (...progress) => told.push(progress) })
  t.same(told, [
    [0, 10_000, 0],
    [4096, 10_000, 0],
    [8192, 10_000, 0],
    [10_000, 10_000, 0],
  ])
  t.throws(
    () =>
      runBacktest({
        ...input,
        onProgress: () => {
          throw new Error('enough')
        },
      }),
    { message: 'enough' },
  )
})
