import type {
  DcaExecutorConfig,
  GridExecutorConfig,
  OrderExecutorConfig,
  PositionExecutorConfig,
  TripleBarrier,
} from '../executors/executor-config.ts'

/** Where test executors trade. */
export const ANY_MARKET = { connector_name: 'test', trading_pair: 'AAA-USDT', leverage: 1, level_id: null } as const

/** Barriers with nothing in them but what is given. */
export const barrierOf = (given: Partial<TripleBarrier>): TripleBarrier => ({
  stop_loss: null,
  take_profit: null,
  time_limit: null,
  trailing_stop: null,
  open_order_type: 'LIMIT',
  take_profit_order_type: 'MARKET',
  stop_loss_order_type: 'MARKET',
  time_limit_order_type: 'MARKET',
  ...given,
})

/** One at a price of 100, without barriers, but for what is given. */
export const aPosition = (given: Partial<PositionExecutorConfig>): PositionExecutorConfig => ({
  ...ANY_MARKET,
  type: 'position_executor',
  side: 'BUY',
  entry_price: 100,
  amount: 1,
  triple_barrier_config: barrierOf({}),
  activation_bounds: null,
  ...given,
})

/** One level at 100, without barriers, but for what is given. */
export const aDca = (given: Partial<DcaExecutorConfig>): DcaExecutorConfig => ({
  ...ANY_MARKET,
  type: 'dca_executor',
  side: 'BUY',
  prices: [100],
  amounts_quote: [100],
  take_profit: null,
  stop_loss: null,
  trailing_stop: null,
  time_limit: null,
  mode: 'MAKER',
  activation_bounds: null,
  ...given,
})

/** Around 100, with a profit to take at each level, but for what is given. */
export const aGrid = (given: Partial<GridExecutorConfig>): GridExecutorConfig => ({
  ...ANY_MARKET,
  type: 'grid_executor',
  side: 'BUY',
  start_price: 98,
  end_price: 102,
  limit_price: 90,
  total_amount_quote: 500,
  min_spread_between_orders: 0.01,
  min_order_amount_quote: 5,
  max_open_orders: 5,
  max_orders_per_batch: null,
  order_frequency: 0,
  activation_bounds: null,
  safe_extra_spread: 0.0001,
  triple_barrier_config: barrierOf({ take_profit: 0.01 }),
  deduct_base_fees: false,
  keep_position: false,
  coerce_tp_to_step: false,
  ...given,
})

/** One at the market, but for what is given. */
export const anOrder = (given: Partial<OrderExecutorConfig>): OrderExecutorConfig => ({
  ...ANY_MARKET,
  type: 'order_executor',
  side: 'BUY',
  amount: 1,
  position_action: 'OPEN',
  price: null,
  chaser_config: null,
  execution_strategy: 'MARKET',
  ...given,
})
