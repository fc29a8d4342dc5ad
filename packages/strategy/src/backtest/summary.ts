import type { CloseType } from '../executors/close-type.ts'
import type { Executor } from '../executors/executor.ts'
import type { BacktestMode, PnlSeries, PositionHoldReport } from './backtest.ts'
import { profitLevels } from './profit-levels.ts'
import type { Results } from './results.ts'
import { spacing } from './rows.ts'
import { Sum } from './sum.ts'

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
  const { executors, capital, mode } = outcome
  if (executors.length === 0) return NOTHING
  const counts = countsOf(executors, mode)
  const { long, short, winners, losers } = counts
  const traded = long.all + short.all
  const net = counts.net.value + outcome.positionRealized - holdFees(outcome)
  const losses = -losers.money.value
  const levels = profitLevels(outcome.pnl, mode)
  const drawdown = maxDrawdown(levels)
  return {
    net_pnl: share(net, capital),
    net_pnl_quote: net,
    total_executors: executors.length,
    total_executors_with_position: traded,
    total_volume: (mode === 'hummingbot' ? counts.tradedVolume : counts.volume).value,
    total_long: long.all,
    total_short: short.all,
    close_types: Object.fromEntries([...counts.closeTypes].sort(([a], [b]) => (a < b ? -1 : 1))),
    accuracy_long: share(long.won, long.all),
    accuracy_short: share(short.won, short.all),
    total_positions: traded,
    accuracy: share(winners.count, traded),
    max_drawdown_usd: drawdown,
    max_drawdown_pct: share(drawdown, capital),
    sharpe_ratio: mode === 'hummingbot' ? sharpeOfLevels(levels) : sharpeOfChanges(levels, outcome.pnl.timestamp),
    profit_factor: losses > 0 ? winners.money.value / losses : 1,
    win_signals: winners.count,
    loss_signals: losers.count,
    unrealized_pnl_quote: outcome.positionUnrealized,
    position_realized_pnl_quote: outcome.positionRealized,
    total_fees_quote: counts.fees.value,
  }
}

interface Counts {
  /** Of the closed ones that made or lost something. */
  readonly long: { all: number; won: number }
  readonly short: { all: number; won: number }
  readonly winners: { count: number; readonly money: Sum }
  readonly losers: { count: number; readonly money: Sum }
  readonly tradedVolume: Sum
  /** Of the closed ones. */
  readonly net: Sum
  /** Of all. */
  readonly volume: Sum
  readonly fees: Sum
  readonly closeTypes: Map<CloseType, number>
}

/** In one pass: there may be hundreds of thousands of executors, far apart in memory. */
const countsOf = (executors: readonly Executor[], mode: BacktestMode): Counts => {
  const counts: Counts = {
    long: { all: 0, won: 0 },
    short: { all: 0, won: 0 },
    winners: { count: 0, money: new Sum() },
    losers: { count: 0, money: new Sum() },
    tradedVolume: new Sum(),
    net: new Sum(),
    volume: new Sum(),
    fees: new Sum(),
    closeTypes: new Map(),
  }
  for (const { closeType, netPnlQuote, filledAmountQuote, cumFeesQuote, side } of executors) {
    counts.volume.add(filledAmountQuote)
    counts.fees.add(cumFeesQuote)
    if (closeType !== null) counts.closeTypes.set(closeType, (counts.closeTypes.get(closeType) ?? 0) + 1)
    // What became a position is counted there; in realistic mode a grid has made its round trips all the same.
    if (closeType === 'POSITION_HOLD' && mode === 'realistic') counts.net.add(netPnlQuote)
    if (closeType === 'POSITION_HOLD' || netPnlQuote === 0) continue
    counts.net.add(netPnlQuote)
    counts.tradedVolume.add(filledAmountQuote)
    const money = netPnlQuote > 0 ? counts.winners : counts.losers
    money.count++
    money.money.add(netPnlQuote)
    const direction = side === 'BUY' ? counts.long : counts.short
    direction.all++
    if (netPnlQuote > 0) direction.won++
  }
  return counts
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

const share = (part: number, of: number): number => (of === 0 ? 0 : part / of)

/** The original never takes the fees of what is held from anything. */
const holdFees = ({ mode, holds }: Outcome): number =>
  mode === 'hummingbot' ? 0 : holds.reduce((total, { cumFeesQuote }) => total + cumFeesQuote, 0)

/** The deepest fall below the highest level before it; zero or less. */
const maxDrawdown = (levels: Float64Array): number => {
  let highest = Number.NEGATIVE_INFINITY
  let deepest = 0
  for (let row = 0; row < levels.length; row++) {
    const level = levels[row] as number
    if (level > highest) highest = level
    else if (level - highest < deepest) deepest = level - highest
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
  const { length } = values
  if (length < 2) return { mean: 0, deviation: 0 }
  const total = new Sum()
  for (let n = 0; n < length; n++) total.add(values[n] as number)
  const mean = total.value / length
  let squares = 0
  for (let n = 0; n < length; n++) squares += ((values[n] as number) - mean) ** 2
  return { mean, deviation: Math.sqrt(squares / (length - 1)) }
}
