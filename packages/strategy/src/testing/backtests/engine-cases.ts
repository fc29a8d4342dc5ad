import { z } from 'zod'
import type { BacktestResult } from '../../backtest/backtest.ts'
import { runBacktest } from '../../backtest/run-backtest.ts'
import type { Candles } from '../../candles.ts'
import { findController } from '../../controllers/catalogue.ts'
import type { Controller, ControllerConfig } from '../../controllers/controller.ts'
import type { Executor } from '../../executors/executor.ts'
import { differences } from '../differences.ts'
import type { Difference, GoldenFile, GoldenSuite } from '../golden.ts'
import { heldColumns, holdsOf, plainConfig, pnlColumns, reported } from './reported.ts'
import { type Seen, scripted } from './scripted.ts'
import { smaDir } from './sma-dir.ts'
import { tradingRules } from './trading-rules.ts'

const engineCase = z.looseObject({
  name: z.string(),
  series: z.string(),
  extra_series: z.record(z.string(), z.string()),
  start_time: z.number(),
  end_time: z.number(),
  backtesting_resolution: z.string(),
  trade_cost: z.number(),
  controller: z.looseObject({
    controller_name: z.string().optional(),
    controller_type: z.enum(['directional_trading', 'market_making', 'generic']).optional(),
    connector_name: z.string().default('binance_perpetual'),
    trading_pair: z.string().default('AAA-USDT'),
  }),
  trading_rules: tradingRules.optional(),
  expected: z.looseObject({ results: z.record(z.string(), z.unknown()), executors: z.array(z.unknown()) }),
})
type EngineCase = z.output<typeof engineCase>

/** Backtests of short series, looked at as a whole: figures, executors, series, holds, and what the controller saw. */
export const engineCases: GoldenSuite = (file) => {
  const cases = z.array(engineCase).nonempty().safeParse(file.content).data
  return cases?.map((each) => ({ name: each.name, run: () => compared(each, file) }))
}

interface Trader {
  readonly controller: Controller
  readonly config: ControllerConfig
  readonly idOf?: (executor: Executor) => string | undefined
  readonly seen?: readonly Seen[]
}

const trader = ({ controller, name }: EngineCase): Trader => {
  const { connector_name, trading_pair, controller_name = '', controller_type } = controller
  if ('script' in controller) return scripted(controller, { connector_name, trading_pair })
  const found =
    controller_name === smaDir.name
      ? smaDir
      : controller_type === undefined
        ? undefined
        : findController(controller_type, controller_name)
  if (found === undefined) throw new Error(`there is no controller ${controller_type ?? ''}.${controller_name}`)
  return { controller: found, config: found.schema.parse({ id: name, ...controller }) }
}

const compared = (each: EngineCase, file: GoldenFile): readonly Difference[] => {
  const { connector_name, trading_pair } = each.controller
  const main = file.series(each.series)
  const extra = new Map(Object.entries(each.extra_series).map(([interval, name]) => [interval, file.series(name)]))
  const feed = (interval: string): Candles | undefined =>
    extra.get(interval) ?? (interval === each.backtesting_resolution ? main : undefined)
  const { controller, config, idOf, seen } = trader(each)
  const result = runBacktest({
    controller,
    config,
    market: { connector_name, trading_pair },
    candles: main,
    feed: ({ interval }) => feed(interval),
    window: { from: each.start_time, to: each.end_time },
    rules: each.trading_rules,
    tradeCost: each.trade_cost,
    mode: 'hummingbot',
  })
  return differences('', each.expected, {
    results: result.results,
    executors: result.executors.map((executor) => flat(result, executor, idOf?.(executor))),
    processed_columns: [...result.processed.columns.keys()],
    processed_rows: result.processed.timestamp.length,
    processed_first_timestamp: result.processed.timestamp[0],
    processed_last_timestamp: result.processed.timestamp.at(-1),
    pnl_timeseries_len: result.pnl.length,
    pnl_timeseries_columns: pnlColumns(result),
    position_held_timeseries_len: result.held.length,
    position_held_timeseries_columns: heldColumns(result),
    position_holds: holdsOf(result),
    // Every tenth was kept.
    positions_held_seen_by_controller: seen?.filter((_, n) => n % 10 === 0).map(seenPosition),
  })
}

const flat = (result: BacktestResult, executor: BacktestResult['executors'][number], id: string | undefined) => {
  const all = { ...reported(result, executor), id }
  const config = Object.entries(plainConfig(executor.config)).map(([key, value]) => [`config_${key}`, value] as const)
  const custom = Object.entries(all.custom_info).map(([key, value]) => [`custom_${key}`, value] as const)
  return { ...all, ...Object.fromEntries([...config, ...custom]) }
}

const seenPosition = (seen: Seen) => ({
  tick: seen.tick,
  timestamp: seen.timestamp,
  side: seen.side,
  amount: seen.amount,
  breakeven_price: seen.breakevenPrice,
  unrealized_pnl_quote: seen.unrealizedPnlQuote,
  realized_pnl_quote: seen.realizedPnlQuote,
  volume_traded_quote: seen.volumeTradedQuote,
  cum_fees_quote: seen.cumFeesQuote,
})
