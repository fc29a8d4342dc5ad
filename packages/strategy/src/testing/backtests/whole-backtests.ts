import { z } from 'zod'
import type { BacktestResult } from '../../backtest/backtest.ts'
import { countUpTo } from '../../backtest/rows.ts'
import { runBacktest } from '../../backtest/run-backtest.ts'
import type { CandleFeed, Candles } from '../../candles.ts'
import { findController } from '../../controllers/catalogue.ts'
import { differences } from '../differences.ts'
import type { Difference, GoldenFile, GoldenSuite } from '../golden.ts'
import { firstRows, longerCandles, withEmptyExtras } from '../series.ts'
import { ladders } from './ladders.ts'
import { heldColumns, holdsOf, pnlColumns, reported } from './reported.ts'
import { tradingRules } from './trading-rules.ts'

const SERIES = 'candles_1m_200k'

/** Ids are made by chance in the original, and whose an executor is goes without saying. */
const withoutIds = ({ id: _, controller_id: __, ...rest }: Readonly<Record<string, unknown>>) => rest

const executor = z
  .looseObject({ config: z.looseObject({}) })
  .transform((all) => ({ ...withoutIds(all), config: withoutIds(all.config) }))

const wholeBacktest = z.looseObject({
  candles: z.int(),
  start: z.number(),
  end: z.number(),
  config: z.looseObject({
    controller_type: z.enum(['directional_trading', 'market_making', 'generic']),
    controller_name: z.string(),
    connector_name: z.string(),
    trading_pair: z.string(),
  }),
  trading_rule: tradingRules,
  trade_cost: z.number(),
  results: z.record(z.string(), z.unknown()),
  n_executors: z.int(),
  executors_first_last: z.array(executor),
  executors_kept: z.string(),
  position_holds: z.array(z.unknown()),
  position_held_timeseries_len: z.int(),
  position_held_last: z.array(z.unknown()).default([]),
  pnl_timeseries_len: z.int(),
  pnl_timeseries_every_1000: z.array(z.looseObject({ timestamp: z.number() })),
  features_rows: z.int(),
  features_columns: z.array(z.string()),
  features_last_row: z.record(z.string(), z.number()),
  signals: z.record(z.string(), z.int()).nullish(),
})
type WholeBacktest = z.output<typeof wholeBacktest>

/** Long backtests of the standard controllers, of which the original's figures and samples were kept. */
export const wholeBacktests: GoldenSuite = (file) => {
  const found = wholeBacktest.safeParse(file.content).data
  return found && [{ name: file.name.replace(/\.json$/, ''), run: () => compared(found, file) }]
}

const compared = (expected: WholeBacktest, file: GoldenFile): readonly Difference[] => {
  const { config: given, start, end } = expected
  const controller = findController(given.controller_type, given.controller_name)
  if (controller === undefined)
    throw new Error(`there is no controller ${given.controller_type}.${given.controller_name}`)
  const config = controller.schema.parse(given)
  const candles = withEmptyExtras(firstRows(file.series(SERIES), expected.candles))
  const result = runBacktest({
    controller,
    config,
    market: given,
    candles,
    feed: feedsOf(candles),
    window: { from: start, to: end },
    rules: expected.trading_rule,
    tradeCost: expected.trade_cost,
    mode: 'hummingbot',
  })
  const table = differences('', tableOf(expected), {
    features_rows: result.processed.timestamp.length,
    features_columns: [...result.processed.columns.keys()],
    features_last_row: Object.fromEntries([...result.processed.columns].map(([name, values]) => [name, values.at(-1)])),
    signals: signalsOf(result),
    pnl_timeseries_len: result.pnl.length,
  })
  // The original stamps these with the time of day, so that they live and cool down by another clock than the candles'.
  if (given.controller_name === 'dman_v3')
    return [...table, ...ladders(expected.executors_first_last, controller, config, result)]
  return [...table, ...differences('', tradesOf(expected), { ...sampled(expected, result) })]
}

const feedsOf = (candles: Candles) => {
  const longer = new Map<string, Candles>()
  return ({ interval }: CandleFeed): Candles => {
    const found = longer.get(interval) ?? withEmptyExtras(longerCandles(candles, secondsOf(interval)))
    longer.set(interval, found)
    return found
  }
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }

const secondsOf = (interval: string): number =>
  Number.parseInt(interval, 10) * (UNITS[interval.slice(-1)] ?? Number.NaN)

const tableOf = ({
  features_rows,
  features_columns,
  features_last_row,
  signals,
  pnl_timeseries_len,
}: WholeBacktest) => ({
  features_rows,
  features_columns,
  features_last_row,
  ...(signals ? { signals } : {}),
  pnl_timeseries_len,
})

const signalsOf = ({ processed }: BacktestResult) => {
  const counts = new Map<string, number>()
  for (const signal of processed.columns.get('signal') ?? [])
    counts.set(`${signal}`, (counts.get(`${signal}`) ?? 0) + 1)
  return Object.fromEntries(counts)
}

const tradesOf = (expected: WholeBacktest) => ({
  results: expected.results,
  n_executors: expected.n_executors,
  executors_first_last: expected.executors_first_last,
  position_holds: expected.position_holds,
  position_held_timeseries_len: expected.position_held_timeseries_len,
  position_held_last: expected.position_held_last,
  pnl_timeseries_every_1000: expected.pnl_timeseries_every_1000,
})

/** The same samples of our own. */
const sampled = (expected: WholeBacktest, result: BacktestResult) => {
  const { executors } = result
  const isAll = expected.executors_kept === 'all'
  const half = expected.executors_first_last.length / 2
  const kept = isAll ? executors : [...executors.slice(0, half), ...executors.slice(-half)]
  const columns = pnlColumns(result)
  const held = heldColumns(result)
  const heldRows = held.timestamp.length
  return {
    results: result.results,
    n_executors: executors.length,
    executors_first_last: kept.map((each) => reported(result, each)),
    position_holds: holdsOf(result),
    position_held_timeseries_len: heldRows,
    position_held_last: expected.position_held_last.map((_, n, { length }) => rowOf(held, heldRows - length + n)),
    pnl_timeseries_every_1000: expected.pnl_timeseries_every_1000.map(({ timestamp }) => {
      const row = countUpTo(result.pnl.timestamp, timestamp) - 1
      return rowOf(columns, row)
    }),
  }
}

const rowOf = (columns: Readonly<Record<string, readonly number[]>>, row: number) =>
  Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, values[row]]))
