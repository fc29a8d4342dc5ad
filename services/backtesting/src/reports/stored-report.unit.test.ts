import {
  type AnswerMember,
  answerParts,
  type BacktestResult,
  findController,
  reportOf,
  runBacktest,
} from '@colibri/strategy'
import t from 'tap'
import { type EquityColumns, ResultGone, type StoredResult } from '../results/stored-results.ts'
import { EQUITY_COLUMNS, equityChunks, equityColumn } from '../workers/equity.ts'
import { storedReport } from './stored-report.ts'

const ROWS = 3_000

/** A price that swings, so that something happens. */
const candles = (() => {
  const column = (of: (row: number) => number): Float64Array => Float64Array.from({ length: ROWS }, (_, row) => of(row))
  const price = (row: number): number =>
    Math.round(10_000 * (100 + 4 * Math.sin(row / 40) + Math.sin(row / 7))) / 10_000
  return {
    length: ROWS,
    timestamp: column((row) => 1_735_689_600 + row * 60),
    open: column((row) => price(row - 1)),
    close: column(price),
    high: column((row) => Math.max(price(row), price(row - 1)) + 0.1),
    low: column((row) => Math.min(price(row), price(row - 1)) - 0.1),
    volume: column(() => 1),
    extra: new Map<string, Float64Array>(),
  }
})()

const run = (type: 'generic' | 'directional_trading', given: Readonly<Record<string, unknown>>): BacktestResult => {
  const controller = findController(type, String(given.controller_name))
  if (controller === undefined) throw new Error(`no ${given.controller_name}`)
  return runBacktest({
    controller,
    config: controller.schema.parse(given),
    market: { connector_name: 'binance', trading_pair: 'BTC-USDT' },
    candles,
    feed: () => candles,
    rules: undefined,
    tradeCost: 0.0006,
    mode: 'hummingbot',
  })
}

/** A result as the service keeps it. */
const stored = (result: BacktestResult, config: Readonly<Record<string, unknown>>): StoredResult => {
  const parts = [...answerParts(result)]
  const text = async function* (member: AnswerMember): AsyncGenerator<string> {
    const pieces = parts.filter(([of, piece]) => of === member && piece !== '').map(([, piece]) => piece)
    if (pieces.length === 0) throw new ResultGone('nothing')
    yield* pieces
  }
  const equity = async (): Promise<EquityColumns> => {
    const columns = [...equityChunks(result)].map(equityColumn)
    const named = Object.fromEntries(EQUITY_COLUMNS.map((name, n) => [name, columns[n]]))
    return { ...named, length: result.pnl.length } as EquityColumns
  }
  return {
    taskId: 'task',
    spec: {
      startTime: 0,
      endTime: 1,
      resolution: '1m',
      tradeCost: 0.0006,
      mode: 'hummingbot',
      config,
      configName: null,
      uploads: [],
    },
    figures: { ...result.results },
    completedAt: 0,
    answer: () => text('executors'),
    text,
    executors: async function* () {
      for (const [of, piece] of parts) if (of === 'executors') yield JSON.parse(`[${piece.replace(/^,/, '')}]`)
    },
    equity,
  }
}

t.test('a stored result makes the same report as the one at hand', async (t) => {
  const cases = [
    [
      'directional_trading',
      {
        controller_type: 'directional_trading',
        controller_name: 'bollinger_v1',
        interval: '1m',
        bb_length: 50,
        take_profit: '0.004',
      },
    ],
    [
      'generic',
      {
        controller_type: 'generic',
        controller_name: 'grid_strike',
        start_price: 98,
        end_price: 103,
        limit_price: 94,
        keep_position: true,
        min_spread_between_orders: '0.001',
      },
    ],
  ] as const
  for (const [type, given] of cases) {
    const config = { id: 'mine', connector_name: 'binance', trading_pair: 'BTC-USDT', ...given }
    const result = run(type, config)
    const report = await storedReport(stored(result, config))
    const about = {
      controller: given.controller_name,
      config: report.config,
      market: { connector_name: 'binance', trading_pair: 'BTC-USDT' },
      interval: '1m',
      mode: 'hummingbot',
      tradeCost: 0.0006,
    } as const
    const expected = reportOf(result, about)
    t.ok(expected.executors.length > 0, `${given.controller_name} did something`)
    t.match(report, about)
    t.match(report.config, config)
    t.ok('leverage' in report.config, 'with the defaults of what was left out')
    t.same(report.results, expected.results)
    t.same(
      report.executors,
      expected.executors.map((executor) => ({
        ...executor,
        fills: executor.fills.map(({ timestamp, price, side }) => ({ timestamp, price, side })),
      })),
    )
    for (const { connector_name, ...hold } of report.holds) t.match(expected.holds, [{ connector_name, ...hold }])
    t.equal(report.holds.length, expected.holds.length)
    for (const name of ['timestamp', 'open', 'high', 'low', 'close'] as const)
      t.same([...report.candles[name]], [...expected.candles[name]], name)
    for (const name of [
      'total',
      'executorUnrealized',
      'positionUnrealized',
      'activeExecutors',
      'cumulativeVolume',
    ] as const)
      t.same(Array.from(report.equity[name]), Array.from(expected.equity[name]), name)
  }
})
