import { CLOSE_TYPES } from '../../executors/close-type.ts'
import { RUNNABLE_STATUSES } from '../../executors/runnable-status.ts'
import { SIDES } from '../../executors/side.ts'
import { nearest } from '../../numbers/exact.ts'
import type { ReportedExecutor } from '../backtest.ts'
import type { GridTrail } from '../simulators/simulation.ts'
import { executorConfig } from './executor-config.ts'
import { decimal, float, list, object, orNull, text } from './json.ts'

/** An executor of the answer; `closePrice` is the close of its last row. */
export const executor = (reported: ReportedExecutor, closePrice: number): string => {
  const side = orNull(reported.side, (value) => `${SIDES[value]}`)
  return object({
    id: text(reported.id),
    timestamp: float(reported.timestamp),
    type: text(reported.config.type),
    status: `${RUNNABLE_STATUSES[reported.status]}`,
    config: executorConfig(reported),
    net_pnl_pct: decimal(reported.netPnlPct),
    net_pnl_quote: decimal(reported.netPnlQuote),
    cum_fees_quote: decimal(reported.cumFeesQuote),
    filled_amount_quote: decimal(reported.filledAmountQuote),
    is_active: `${reported.isActive}`,
    is_trading: `${reported.isTrading}`,
    custom_info: object({
      close_price: float(closePrice),
      level_id: text(reported.levelId),
      side,
      current_position_average_price: float(reported.averagePrice),
      open_order_last_update: float(reported.openOrderLastUpdate),
      ...gridInfo(reported),
    }),
    close_timestamp: orNull(reported.closeTimestamp, float),
    close_type: orNull(reported.closeType, (type) => `${CLOSE_TYPES[type]}`),
    controller_id: 'null',
    side,
  })
}

const gridInfo = ({ config, grid }: ReportedExecutor): Readonly<Record<string, string>> => {
  if (config.type !== 'grid_executor' || grid === undefined) return {}
  return {
    fill_events: list(grid.fills, fill),
    grid_level_prices: list(grid.levelPrices, float),
    grid_tp_prices: list(grid.takeProfitPrices, float),
    grid_side: text(config.side),
    grid_limit_price: float(nearest(config.limit_price)),
  }
}

const fill = ({ timestamp, price, side, levelIndex, amountQuote }: GridTrail['fills'][number]): string =>
  object({
    timestamp: float(timestamp),
    price: float(price),
    side: text(side),
    level_idx: `${levelIndex}`,
    amount_quote: float(amountQuote),
  })
