import type { GridExecutorConfig, TripleBarrier } from '../../executors/executor-config.ts'
import { ceilingOf, type Exact, floorOf } from '../../numbers/exact.ts'
import { field, UPDATABLE } from '../fields.ts'
import { bool, decimal, integer, optional, positionMode, text } from '../fields-kinds.ts'
import { tripleBarrier } from '../fields-models.ts'

/** What grid_strike and multi_grid_strike have in common, before the prices of their grids. */
export const marketFields = (connector: string) => ({
  total_amount_quote: field(decimal, '1000', UPDATABLE),
  leverage: field(integer, 20),
  position_mode: field(positionMode, 'PositionMode.HEDGE'),
  connector_name: field(text, connector),
  trading_pair: field(text, 'WLD-USDT'),
})

/** And after them. */
export const orderFields = {
  min_spread_between_orders: field(optional(decimal), '0.001', UPDATABLE),
  min_order_amount_quote: field(optional(decimal), '5', UPDATABLE),
  max_open_orders: field(integer, 2, UPDATABLE),
  max_orders_per_batch: field(optional(integer), 1, UPDATABLE),
  order_frequency: field(integer, 3, UPDATABLE),
  activation_bounds: field(optional(decimal), null, UPDATABLE),
  keep_position: field(bool, false, UPDATABLE),
  triple_barrier_config: field(tripleBarrier, {
    take_profit: '0.001',
    open_order_type: 'OrderType.LIMIT_MAKER',
    take_profit_order_type: 'OrderType.LIMIT_MAKER',
  }),
}

interface GridOrders {
  readonly connector_name: string
  readonly trading_pair: string
  readonly leverage: number
  readonly min_spread_between_orders: number | null
  readonly min_order_amount_quote: number | null
  readonly max_open_orders: number
  readonly max_orders_per_batch: number | null
  readonly order_frequency: number
  readonly activation_bounds: number | null
  readonly keep_position: boolean
  readonly triple_barrier_config: TripleBarrier
}

type Grid = Pick<
  GridExecutorConfig,
  'start_price' | 'end_price' | 'limit_price' | 'side' | 'total_amount_quote' | 'level_id'
>

/** The executor of one grid. */
export const gridExecutor = (config: GridOrders, grid: Grid): GridExecutorConfig => ({
  type: 'grid_executor',
  connector_name: config.connector_name,
  trading_pair: config.trading_pair,
  start_price: grid.start_price,
  end_price: grid.end_price,
  limit_price: grid.limit_price,
  side: grid.side,
  total_amount_quote: grid.total_amount_quote,
  min_spread_between_orders: config.min_spread_between_orders,
  min_order_amount_quote: config.min_order_amount_quote,
  max_open_orders: config.max_open_orders,
  max_orders_per_batch: config.max_orders_per_batch,
  order_frequency: config.order_frequency,
  activation_bounds: config.activation_bounds,
  safe_extra_spread: 0.0001,
  triple_barrier_config: config.triple_barrier_config,
  leverage: config.leverage,
  level_id: grid.level_id,
  deduct_base_fees: false,
  keep_position: config.keep_position,
  coerce_tp_to_step: false,
})

interface Range {
  readonly start_price: Exact
  readonly end_price: Exact
}

/** Tells whether a price lies in a grid, its ends included. */
export const within = ({ start_price, end_price }: Range): ((price: number) => boolean) => {
  const [lowest, highest] = [ceilingOf(start_price), floorOf(end_price)]
  return (price) => lowest <= price && price <= highest
}
