import type {
  OptimisationSpec,
  OptimiseDetail,
  OptimiseSummary,
  OptimiseTrial,
  OptimiseWindow,
} from '@colibri/contracts'
import type { Span } from '@colibri/strategy'
import type { OptimisationRow, TrialRow } from './optimisations.queries.ts'
import { spansOf } from './search-plan.ts'
import { trialConfig } from './trial-config.ts'

/** By window. */
export type BestTrials = ReadonlyMap<number, { readonly finished: number; readonly best: TrialRow | null }>

export const trialView = ({ rank, window, number, parameters, outcome, figures }: TrialRow): OptimiseTrial => ({
  rank,
  window,
  number,
  state: outcome.state,
  parameters,
  value: outcome.state === 'completed' ? outcome.value : null,
  broken_constraints: outcome.state === 'completed' ? outcome.broken : [],
  results: figures,
  progress: outcome.state === 'completed' ? 1 : outcome.state === 'pruned' ? outcome.progress : 0,
  error: outcome.state === 'failed' ? outcome.error : null,
})

const newestBest = (best: BestTrials): TrialRow | null =>
  [...best].toSorted(([a], [b]) => b - a).find(([, each]) => each.best !== null)?.[1].best ?? null

export const summaryView = (row: OptimisationRow, best: BestTrials): OptimiseSummary => {
  const { spec, trials, completed, pruned, failed } = row
  const finished = completed + pruned + failed
  const found = newestBest(best)
  return {
    optimization_id: row.id,
    status: row.status,
    method: spec.method,
    objective: spec.objective,
    direction: spec.direction,
    created_at: row.createdAt.toISOString(),
    started_at: row.startedAt?.toISOString() ?? null,
    completed_at: row.completedAt?.toISOString() ?? null,
    error: row.error,
    progress: { trials, finished, completed, pruned, failed, done: trials === 0 ? 1 : finished / trials },
    best: found && trialView(found),
  }
}

/** The request, with every default; candles that came with it are only named. */
const requestOf = ({ backtest, walkForward, ...spec }: OptimisationSpec): Record<string, unknown> => ({
  start_time: backtest.startTime,
  end_time: backtest.endTime,
  backtesting_resolution: backtest.resolution,
  trade_cost: backtest.tradeCost,
  mode: backtest.mode,
  config: backtest.configName ?? backtest.config,
  ...spec,
  walk_forward: walkForward && {
    windows: walkForward.windows,
    train_share: walkForward.trainShare,
    kind: walkForward.kind,
  },
  candles: backtest.uploads.map(({ connectorName, tradingPair, interval }) => ({
    connector: connectorName,
    trading_pair: tradingPair,
    interval,
  })),
})

const spanView = ({ from, to }: Span) => ({ start_time: from, end_time: to })

const outOfSample = (windows: readonly OptimiseWindow[]): OptimiseDetail['out_of_sample'] => {
  const judged = windows.flatMap(({ best, test }) =>
    test?.result?.results && best
      ? [{ train: best.value ?? 0, test: test.result.value ?? 0, of: test.result.results }]
      : [],
  )
  if (judged.length === 0) return null
  const sum = (metric: string): number => judged.reduce((total, { of }) => total + (of[metric] ?? 0), 0)
  return {
    tests: judged.length,
    net_pnl_quote: sum('net_pnl_quote'),
    total_fees_quote: sum('total_fees_quote'),
    total_volume: sum('total_volume'),
    total_positions: sum('total_positions'),
    max_drawdown_pct: Math.min(...judged.map(({ of }) => of['max_drawdown_pct'] ?? 0)),
    train_value: judged.reduce((total, { train }) => total + train, 0) / judged.length,
    test_value: judged.reduce((total, { test }) => total + test, 0) / judged.length,
  }
}

export interface DetailParts {
  readonly row: OptimisationRow
  readonly best: BestTrials
  readonly tests: readonly TrialRow[]
  readonly page: { readonly trials: readonly TrialRow[]; readonly total: number }
  readonly limit: number
  readonly offset: number
}

export const detailView = ({ row, best, tests, page, limit, offset }: DetailParts): OptimiseDetail => {
  const windows = spansOf(row.spec).map(({ train, test }, index): OptimiseWindow => {
    const of = best.get(index)
    const result = tests.find(({ window }) => window === index)
    return {
      window: index,
      train: spanView(train),
      finished: of?.finished ?? 0,
      best: of?.best ? trialView(of.best) : null,
      test: test && { ...spanView(test), result: result === undefined ? null : trialView(result) },
    }
  })
  const found = newestBest(best)
  const placed = found && trialConfig(row.spec.backtest.config, found.parameters)
  return {
    ...summaryView(row, best),
    request: requestOf(row.spec),
    best_config: placed !== null && 'config' in placed ? placed.config : null,
    windows,
    out_of_sample: outOfSample(windows),
    trials: page.trials.map(trialView),
    pagination: { limit, offset, total_count: page.total, has_more: offset + page.trials.length < page.total },
  }
}
