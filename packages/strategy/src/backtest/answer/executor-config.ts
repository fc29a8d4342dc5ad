import type { Executor } from '../../executors/executor.ts'
import type {
  DcaExecutorConfig,
  ExecutorConfig,
  GridExecutorConfig,
  OrderExecutorConfig,
  PositionExecutorConfig,
  TrailingStop,
  TripleBarrier,
} from '../../executors/executor-config.ts'
import { ORDER_TYPES } from '../../executors/order-type.ts'
import { SIDES } from '../../executors/side.ts'
import { decimal, float, list, object, orNull, text } from './json.ts'

/** The configuration of an executor with all its fields, in the order of the original's. */
export const executorConfig = ({ id, timestamp, config }: Executor): string =>
  object({
    id: text(id),
    type: text(config.type),
    timestamp: float(timestamp),
    controller_id: '"main"',
    ...fields(config),
  })

type Fields = Readonly<Record<string, string>>

const fields = (config: ExecutorConfig): Fields => {
  switch (config.type) {
    case 'position_executor':
      return position(config)
    case 'dca_executor':
      return dca(config)
    case 'grid_executor':
      return grid(config)
    case 'order_executor':
      return order(config)
    case 'arbitrage_executor':
    case 'xemm_executor':
      throw new Error(`a backtest has no ${config.type}`)
  }
}

const position = (config: PositionExecutorConfig): Fields => ({
  trading_pair: text(config.trading_pair),
  connector_name: text(config.connector_name),
  side: `${SIDES[config.side]}`,
  entry_price: decimal(config.entry_price),
  amount: decimal(config.amount),
  triple_barrier_config: barriers(config.triple_barrier_config),
  leverage: decimal(config.leverage),
  activation_bounds: orNull(config.activation_bounds, (bounds) => list(bounds, decimal)),
  level_id: text(config.level_id),
})

const dca = (config: DcaExecutorConfig): Fields => ({
  connector_name: text(config.connector_name),
  trading_pair: text(config.trading_pair),
  side: `${SIDES[config.side]}`,
  leverage: decimal(config.leverage),
  amounts_quote: list(config.amounts_quote, decimal),
  prices: list(config.prices, decimal),
  take_profit: orNull(config.take_profit, decimal),
  stop_loss: orNull(config.stop_loss, decimal),
  trailing_stop: orNull(config.trailing_stop, trailingStop),
  time_limit: orNull(config.time_limit, decimal),
  mode: text(config.mode),
  activation_bounds: orNull(config.activation_bounds, (bounds) => list(bounds, decimal)),
  level_id: text(config.level_id),
})

const grid = (config: GridExecutorConfig): Fields => ({
  connector_name: text(config.connector_name),
  trading_pair: text(config.trading_pair),
  start_price: decimal(config.start_price),
  end_price: decimal(config.end_price),
  limit_price: decimal(config.limit_price),
  side: `${SIDES[config.side]}`,
  total_amount_quote: decimal(config.total_amount_quote),
  min_spread_between_orders: orNull(config.min_spread_between_orders, decimal),
  min_order_amount_quote: orNull(config.min_order_amount_quote, decimal),
  max_open_orders: decimal(config.max_open_orders),
  max_orders_per_batch: orNull(config.max_orders_per_batch, decimal),
  order_frequency: decimal(config.order_frequency),
  activation_bounds: orNull(config.activation_bounds, decimal),
  safe_extra_spread: decimal(config.safe_extra_spread),
  triple_barrier_config: barriers(config.triple_barrier_config),
  leverage: decimal(config.leverage),
  level_id: text(config.level_id),
  deduct_base_fees: `${config.deduct_base_fees}`,
  keep_position: `${config.keep_position}`,
  coerce_tp_to_step: `${config.coerce_tp_to_step}`,
})

const order = (config: OrderExecutorConfig): Fields => ({
  trading_pair: text(config.trading_pair),
  connector_name: text(config.connector_name),
  side: `${SIDES[config.side]}`,
  amount: decimal(config.amount),
  position_action: text(config.position_action),
  price: orNull(config.price, decimal),
  chaser_config: orNull(config.chaser_config, ({ distance, refresh_threshold }) =>
    object({ distance: decimal(distance), refresh_threshold: decimal(refresh_threshold) }),
  ),
  execution_strategy: text(config.execution_strategy),
  leverage: decimal(config.leverage),
  level_id: text(config.level_id),
})

const barriers = (config: TripleBarrier): string =>
  object({
    stop_loss: orNull(config.stop_loss, decimal),
    take_profit: orNull(config.take_profit, decimal),
    time_limit: orNull(config.time_limit, decimal),
    trailing_stop: orNull(config.trailing_stop, trailingStop),
    open_order_type: `${ORDER_TYPES[config.open_order_type]}`,
    take_profit_order_type: `${ORDER_TYPES[config.take_profit_order_type]}`,
    stop_loss_order_type: `${ORDER_TYPES[config.stop_loss_order_type]}`,
    time_limit_order_type: `${ORDER_TYPES[config.time_limit_order_type]}`,
  })

const trailingStop = ({ activation_price, trailing_delta }: TrailingStop): string =>
  object({ activation_price: decimal(activation_price), trailing_delta: decimal(trailing_delta) })
