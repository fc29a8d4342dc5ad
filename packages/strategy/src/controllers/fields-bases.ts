import { type Base, field, PROMPT, UPDATABLE_PROMPT, type Wrong } from './fields.ts'
import {
  bool,
  decimal,
  float,
  integer,
  interval,
  listOf,
  optional,
  orderType,
  positionMode,
  text,
  textOrNull,
} from './fields-kinds.ts'
import { trailingStop } from './fields-models.ts'
import { wrongWeights } from './weights.ts'

/** One market and how a position on it ends. */
const barriers = {
  leverage: field(integer, 20, PROMPT),
  position_mode: field(positionMode, 'HEDGE'),
  stop_loss: field(optional(decimal), '0.03', { ...UPDATABLE_PROMPT, gt: 0 }),
  take_profit: field(optional(decimal), '0.02', { ...UPDATABLE_PROMPT, gt: 0 }),
  time_limit: field(optional(integer), 2700, { ...UPDATABLE_PROMPT, gt: 0 }),
  take_profit_order_type: field(orderType, 'OrderType.LIMIT', UPDATABLE_PROMPT),
  trailing_stop: field(trailingStop, null, UPDATABLE_PROMPT),
}

const market = {
  connector_name: field(text, 'binance_perpetual', PROMPT),
  trading_pair: field(text, 'WLD-USDT', PROMPT),
}

const directionalFields = {
  ...market,
  max_executors_per_side: field(integer, 2, UPDATABLE_PROMPT),
  cooldown_time: field(integer, 300, { ...UPDATABLE_PROMPT, gt: 0 }),
  ...barriers,
}

export const DIRECTIONAL: Base<typeof directionalFields> = { type: 'directional_trading', fields: directionalFields }

/** The series a controller reads; where one is left out, the market it trades on. */
export const candlesFields = {
  candles_connector: field(textOrNull, null, PROMPT),
  candles_trading_pair: field(textOrNull, null, PROMPT),
  interval: field(interval, '3m', PROMPT),
}

/** An amount for each level: none stands for the same on all. */
export const levelAmounts = optional(listOf(decimal))

const marketMakingFields = {
  ...market,
  buy_spreads: field(listOf(float), '0.01,0.02', UPDATABLE_PROMPT),
  sell_spreads: field(listOf(float), '0.01,0.02', UPDATABLE_PROMPT),
  buy_amounts_pct: field(levelAmounts, null, UPDATABLE_PROMPT),
  sell_amounts_pct: field(levelAmounts, null, UPDATABLE_PROMPT),
  executor_refresh_time: field(integer, 300, UPDATABLE_PROMPT),
  cooldown_time: field(integer, 15, UPDATABLE_PROMPT),
  ...barriers,
  position_rebalance_threshold_pct: field(decimal, '0.05', UPDATABLE_PROMPT),
  skip_rebalance: field(bool, false),
}

interface Levels {
  readonly buy_spreads: readonly number[]
  readonly sell_spreads: readonly number[]
  readonly buy_amounts_pct: readonly number[] | null
  readonly sell_amounts_pct: readonly number[] | null
}

/** A list of amounts has one for each spread. */
export const wrongLevels = (config: Levels): readonly Wrong[] => [
  ...wrongWeights(['buy_amounts_pct', config.buy_amounts_pct], ['buy_spreads', config.buy_spreads]),
  ...wrongWeights(['sell_amounts_pct', config.sell_amounts_pct], ['sell_spreads', config.sell_spreads]),
]

export const MARKET_MAKING: Base<typeof marketMakingFields> = {
  type: 'market_making',
  fields: marketMakingFields,
  wrong: wrongLevels,
}
