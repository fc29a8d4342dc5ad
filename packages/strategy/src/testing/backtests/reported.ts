import type { BacktestResult } from '../../backtest/backtest.ts'
import { countUpTo } from '../../backtest/rows.ts'
import type { ExecutorConfig } from '../../executors/executor-config.ts'
import { type Exact, nearest } from '../../numbers/exact.ts'

type Reported = BacktestResult['executors'][number]

const isExact = (value: object): value is Exact => 'hi' in value && 'lo' in value

/** Prices of many digits as their doubles, however deep they lie. */
const plain = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  if (isExact(value)) return nearest(value)
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]))
}

export const plainConfig = (config: ExecutorConfig): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(config).map(([key, value]) => [key, plain(value)]))

const closeOf = ({ processed }: BacktestResult, time: number | null): number | undefined =>
  processed.columns.get('close_bt')?.[countUpTo(processed.timestamp, time ?? 0) - 1]

/** An executor under the names that the original's own dump has, its enumerations as names. */
export const reported = (result: BacktestResult, executor: Reported) => ({
  type: executor.config.type,
  timestamp: executor.timestamp,
  status: executor.status,
  config: { ...plainConfig(executor.config), timestamp: executor.timestamp },
  net_pnl_pct: executor.netPnlPct,
  net_pnl_quote: executor.netPnlQuote,
  cum_fees_quote: executor.cumFeesQuote,
  filled_amount_quote: executor.filledAmountQuote,
  is_active: executor.isActive,
  is_trading: executor.isTrading,
  custom_info: {
    close_price: closeOf(result, executor.closeTimestamp),
    level_id: executor.levelId,
    side: executor.side,
    current_position_average_price: executor.averagePrice,
    open_order_last_update: executor.openOrderLastUpdate,
    ...gridOf(executor),
  },
  close_timestamp: executor.closeTimestamp,
  close_type: executor.closeType,
  side: executor.side,
  level_id: executor.levelId,
})

const gridOf = ({ grid, config }: Reported): Readonly<Record<string, unknown>> =>
  grid === undefined || config.type !== 'grid_executor'
    ? {}
    : {
        fill_events: grid.fills.map(({ levelIndex, amountQuote, ...fill }) => ({
          ...fill,
          level_idx: levelIndex,
          amount_quote: amountQuote,
        })),
        grid_level_prices: grid.levelPrices,
        grid_tp_prices: grid.takeProfitPrices,
        grid_side: config.side,
        grid_limit_price: nearest(config.limit_price),
      }

/** The series of profits as columns under the contract's names. */
export const pnlColumns = ({ pnl }: BacktestResult) => ({
  timestamp: [...pnl.timestamp],
  executor_realized_pnl: [...pnl.executorRealized],
  position_realized_pnl: [...pnl.positionRealized],
  position_unrealized_pnl: [...pnl.positionUnrealized],
  total_pnl: [...pnl.total],
  active_executors: [...pnl.activeExecutors],
  cumulative_volume: [...pnl.cumulativeVolume],
})

/** The series of what is held as columns under the contract's names. */
export const heldColumns = ({ held }: BacktestResult) => ({
  timestamp: [...held.timestamp],
  long_amount: [...held.longAmount],
  short_amount: [...held.shortAmount],
  net_amount: Array.from(held.longAmount, (long, row) => long - (held.shortAmount[row] ?? 0)),
  unrealized_pnl: [...held.unrealizedPnl],
  realized_pnl: [...held.realizedPnl],
  n_holds: [...held.holds],
})

/** The holds under the original's names. */
export const holdsOf = ({ holds }: BacktestResult) =>
  holds.map((hold) => ({
    connector_name: hold.connector_name,
    trading_pair: hold.trading_pair,
    net_amount_base: hold.netAmountBase,
    avg_entry_price: hold.averageEntryPrice,
    realized_pnl_quote: hold.realizedPnlQuote,
    cum_fees_quote: hold.cumFeesQuote,
    volume_traded_quote: hold.volumeTradedQuote,
    buy_amount_base: hold.buyAmountBase,
    buy_amount_quote: hold.buyAmountQuote,
    sell_amount_base: hold.sellAmountBase,
    sell_amount_quote: hold.sellAmountQuote,
    is_closed: hold.isClosed,
    n_executors: hold.executors,
  }))
