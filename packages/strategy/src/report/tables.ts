import type { BacktestMode } from '../backtest/backtest.ts'
import { profitLevels } from '../backtest/profit-levels.ts'
import { csvLine } from './browser/csv.ts'
import { drawdownOf } from './browser/row-at.ts'
import type { ReportEquity, ReportExecutor } from './report.ts'

type Cell = string | number | null

/** A file's columns and its rows. */
export interface Table {
  readonly names: readonly string[]
  rows(): Iterable<readonly Cell[]>
}

const EXECUTOR_COLUMNS: readonly (readonly [name: string, of: (executor: ReportExecutor) => Cell])[] = [
  ['id', ({ id }) => id],
  ['timestamp', ({ timestamp }) => timestamp],
  ['type', ({ type }) => type],
  ['status', ({ status }) => status],
  ['side', ({ side }) => side],
  ['level_id', ({ levelId }) => levelId],
  ['close_type', ({ closeType }) => closeType],
  ['close_timestamp', ({ closeTimestamp }) => closeTimestamp],
  ['net_pnl_pct', ({ netPnlPct }) => netPnlPct],
  ['net_pnl_quote', ({ netPnlQuote }) => netPnlQuote],
  ['cum_fees_quote', ({ cumFeesQuote }) => cumFeesQuote],
  ['filled_amount_quote', ({ filledAmountQuote }) => filledAmountQuote],
  ['average_price', ({ averagePrice }) => averagePrice],
  ['open_order_last_update', ({ openOrderLastUpdate }) => openOrderLastUpdate],
]

/** One row an executor, in the order they are given; times in seconds, enumerations by name. */
export const executorTable = (executors: Iterable<ReportExecutor>): Table => ({
  names: EXECUTOR_COLUMNS.map(([name]) => name),
  rows: () => mapped(executors, (executor) => EXECUTOR_COLUMNS.map(([, of]) => of(executor))),
})

/**
 * One row a row of the backtest: the contract's series of profits, what open executors would bring, and how far the profit
 * lies below its highest so far.
 */
export const equityTable = (equity: ReportEquity, mode: BacktestMode): Table => ({
  names: [
    'timestamp',
    'executor_realized_pnl',
    'position_realized_pnl',
    'position_unrealized_pnl',
    'total_pnl',
    'executor_unrealized_pnl',
    'drawdown',
    'active_executors',
    'cumulative_volume',
  ],
  rows: () => equityRows(equity, drawdownOf(profitLevels(equity, mode))),
})

const equityRows = function* (equity: ReportEquity, drawdown: Float64Array): Generator<readonly Cell[]> {
  for (let row = 0; row < equity.length; row++) {
    yield [
      equity.timestamp[row] ?? 0,
      equity.executorRealized[row] ?? 0,
      equity.positionRealized[row] ?? 0,
      equity.positionUnrealized[row] ?? 0,
      equity.total[row] ?? 0,
      equity.executorUnrealized[row] ?? 0,
      drawdown[row] ?? 0,
      equity.activeExecutors[row] ?? 0,
      equity.cumulativeVolume[row] ?? 0,
    ]
  }
}

const PIECE = 1 << 16

/** A table as text, in pieces: CSV with a header, or a JSON list of objects. */
export const tableText = function* (form: 'csv' | 'json', { names, rows }: Table): Generator<string> {
  let piece = form === 'csv' ? csvLine(names) : '['
  let isFirst = true
  for (const row of rows()) {
    if (form === 'csv') piece += csvLine(row)
    else
      piece += `${isFirst ? '' : ',\n'}${JSON.stringify(Object.fromEntries(names.map((name, at) => [name, row[at] ?? null])))}`
    isFirst = false
    if (piece.length < PIECE) continue
    yield piece
    piece = ''
  }
  yield form === 'csv' ? piece : `${piece}]\n`
}

const mapped = function* <From, To>(values: Iterable<From>, to: (value: From) => To): Generator<To> {
  for (const value of values) yield to(value)
}
