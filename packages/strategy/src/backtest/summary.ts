import type { CloseType } from '../executors/close-type.ts'
import type { Executor } from '../executors/executor.ts'
import type { BacktestMode, PnlSeries, PositionHoldReport } from './backtest.ts'
import type { Results } from './results.ts'
import { spacing } from './rows.ts'
import { sum } from './sum.ts'

export interface Outcome {
  readonly executors: readonly Executor[]
  readonly pnl: PnlSeries
  readonly holds: readonly PositionHoldReport[]
  /** Of all holds, at the last price. */
  readonly positionRealized: number
  readonly positionUnrealized: number
  /** What the controller has to trade with. */
  readonly capital: number
  readonly mode: BacktestMode
}

/**
 * The figures of a backtest. Executors that became a position count by what the position made, all others by their own
 * profit; of these only the ones that made or lost something are positions of the statistics.
 */
export const summarise = (outcome: Outcome): Results => {
  const { executors, capital } = outcome
  if (executors.length === 0) return NOTHING
  const finished = executors.filter(({ closeType }) => closeType !== 'POSITION_HOLD')
  const traded = finished.filter(({ netPnlQuote }) => netPnlQuote !== 0)
  const [long, short] = [traded.filter(({ side }) => side === 'BUY'), traded.filter(({ side }) => side === 'SELL')]
  const [won, lost] = [traded.filter(isWinner), traded.filter(isLoser)]
  const net = sum(finished.map(({ netPnlQuote }) => netPnlQuote)) + outcome.positionRealized - holdFees(outcome)
  const losses = -sum(lost.map(({ netPnlQuote }) => netPnlQuote))
  const levels = outcome.mode === 'hummingbot' ? outcome.pnl.total : equityOf(outcome.pnl)
  const drawdown = maxDrawdown(levels)
  return {
    net_pnl: share(net, capital),
    net_pnl_quote: net,
    total_executors: executors.length,
    total_executors_with_position: traded.length,
    total_volume: sum((outcome.mode === 'hummingbot' ? traded : executors).map((each) => each.filledAmountQuote)),
    total_long: long.length,
    total_short: short.length,
    close_types: closeTypes(executors),
    accuracy_long: share(long.filter(isWinner).length, long.length),
    accuracy_short: share(short.filter(isWinner).length, short.length),
    total_positions: traded.length,
    accuracy: share(won.length, traded.length),
    max_drawdown_usd: drawdown,
    max_drawdown_pct: share(drawdown, capital),
    sharpe_ratio:
      outcome.mode === 'hummingbot' ? sharpeOfLevels(levels) : sharpeOfChanges(levels, outcome.pnl.timestamp),
    profit_factor: losses > 0 ? sum(won.map(({ netPnlQuote }) => netPnlQuote)) / losses : 1,
    win_signals: won.length,
    loss_signals: lost.length,
    unrealized_pnl_quote: outcome.positionUnrealized,
    position_realized_pnl_quote: outcome.positionRealized,
    total_fees_quote: sum(executors.map(({ cumFeesQuote }) => cumFeesQuote)),
  }
}

const NOTHING: Results = {
  net_pnl: 0,
  net_pnl_quote: 0,
  total_executors: 0,
  total_executors_with_position: 0,
  total_volume: 0,
  total_long: 0,
  total_short: 0,
  close_types: 0,
  accuracy_long: 0,
  accuracy_short: 0,
  total_positions: 0,
  accuracy: 0,
  max_drawdown_usd: 0,
  max_drawdown_pct: 0,
  sharpe_ratio: 0,
  profit_factor: 0,
  win_signals: 0,
  loss_signals: 0,
  unrealized_pnl_quote: 0,
  position_realized_pnl_quote: 0,
  total_fees_quote: 0,
}

const isWinner = ({ netPnlQuote }: Executor): boolean => netPnlQuote > 0
const isLoser = ({ netPnlQuote }: Executor): boolean => netPnlQuote < 0
const share = (part: number, of: number): number => (of === 0 ? 0 : part / of)

/** The original never takes the fees of what is held from anything. */
const holdFees = ({ mode, holds }: Outcome): number =>
  mode === 'hummingbot' ? 0 : sum(holds.map(({ cumFeesQuote }) => cumFeesQuote))

/** How many ended in which way, in the order of the names. */
const closeTypes = (executors: readonly Executor[]): Partial<Record<CloseType, number>> => {
  const counts = new Map<CloseType, number>()
  for (const { closeType } of executors) if (closeType !== null) counts.set(closeType, (counts.get(closeType) ?? 0) + 1)
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Everything that is owned and owed, at the row's price. */
export const equityOf = ({ total, executorUnrealized }: PnlSeries): Float64Array =>
  total.map((level, row) => level + (executorUnrealized[row] ?? 0))

/** The deepest fall below the highest level before it; zero or less. */
const maxDrawdown = (levels: Float64Array): number => {
  let [highest, deepest] = [Number.NEGATIVE_INFINITY, 0]
  for (const level of levels) {
    if (level > highest) highest = level
    if (level - highest < deepest) deepest = level - highest
  }
  return deepest
}

/** Mean over sample deviation of the levels themselves, as the original has it. The capital cancels out. */
const sharpeOfLevels = (levels: Float64Array): number => {
  const { mean, deviation } = momentsOf(levels)
  return deviation === 0 ? 0 : mean / deviation
}

const YEAR = 365.25 * 86_400

/** Mean over sample deviation of the changes from row to row, for a year. */
const sharpeOfChanges = (levels: Float64Array, times: Float64Array): number => {
  const changes = new Float64Array(Math.max(0, levels.length - 1))
  for (let row = 0; row < changes.length; row++) changes[row] = (levels[row + 1] ?? 0) - (levels[row] ?? 0)
  const { mean, deviation } = momentsOf(changes)
  return deviation === 0 ? 0 : (mean / deviation) * Math.sqrt(YEAR / spacing(times))
}

const momentsOf = (values: Float64Array): { readonly mean: number; readonly deviation: number } => {
  if (values.length < 2) return { mean: 0, deviation: 0 }
  const mean = sum(values) / values.length
  let squares = 0
  for (const value of values) squares += (value - mean) ** 2
  return { mean, deviation: Math.sqrt(squares / (values.length - 1)) }
}
