import type { Price } from '../numbers/exact.ts'
import type { OrderType } from './order-type.ts'
import type { Side } from './side.ts'

/**
 * What a controller asks for. The names are the contract's, since users meet them in configurations and answers. Prices
 * may carry more digits than a double where a candle is compared with them; amounts are doubles here and become decimals,
 * quantised to the venue's rules, on their way to a venue.
 */
export type ExecutorConfig =
  | PositionExecutorConfig
  | DcaExecutorConfig
  | GridExecutorConfig
  | OrderExecutorConfig
  | ArbitrageExecutorConfig
  | XemmExecutorConfig

export interface TrailingStop {
  /** Both are fractions of profit, whatever the first one's name says. */
  readonly activation_price: number
  readonly trailing_delta: number
}

export interface TripleBarrier {
  /** Fractions of the entry. Null: no such barrier. */
  readonly stop_loss: number | null
  readonly take_profit: number | null
  /** Seconds. */
  readonly time_limit: number | null
  readonly trailing_stop: TrailingStop | null
  readonly open_order_type: OrderType
  readonly take_profit_order_type: OrderType
  readonly stop_loss_order_type: OrderType
  readonly time_limit_order_type: OrderType
}

interface OneMarket {
  readonly connector_name: string
  readonly trading_pair: string
  readonly side: Side
  readonly leverage: number
  readonly level_id: string | null
}

export interface PositionExecutorConfig extends OneMarket {
  readonly type: 'position_executor'
  readonly entry_price: Price
  /** Base. */
  readonly amount: number
  readonly triple_barrier_config: TripleBarrier
  readonly activation_bounds: readonly number[] | null
}

export interface DcaExecutorConfig extends OneMarket {
  readonly type: 'dca_executor'
  readonly amounts_quote: readonly number[]
  readonly prices: readonly Price[]
  readonly take_profit: number | null
  readonly stop_loss: number | null
  readonly trailing_stop: TrailingStop | null
  readonly time_limit: number | null
  readonly mode: 'MAKER' | 'TAKER'
  readonly activation_bounds: readonly number[] | null
}

export interface GridExecutorConfig extends OneMarket {
  readonly type: 'grid_executor'
  readonly start_price: Price
  readonly end_price: Price
  /** Zero: none. */
  readonly limit_price: Price
  readonly total_amount_quote: number
  readonly min_spread_between_orders: number | null
  readonly min_order_amount_quote: number | null
  readonly max_open_orders: number
  readonly max_orders_per_batch: number | null
  readonly order_frequency: number
  readonly activation_bounds: number | null
  readonly safe_extra_spread: number
  readonly triple_barrier_config: TripleBarrier
  readonly deduct_base_fees: boolean
  readonly keep_position: boolean
  readonly coerce_tp_to_step: boolean
}

export interface OrderExecutorConfig extends OneMarket {
  readonly type: 'order_executor'
  /** Base. */
  readonly amount: number
  readonly position_action: 'OPEN' | 'CLOSE' | 'NIL'
  readonly price: Price | null
  readonly chaser_config: { readonly distance: number; readonly refresh_threshold: number } | null
  readonly execution_strategy: 'LIMIT' | 'LIMIT_MAKER' | 'MARKET' | 'LIMIT_CHASER'
}

export interface ConnectorPair {
  readonly connector_name: string
  readonly trading_pair: string
}

export interface ArbitrageExecutorConfig {
  readonly type: 'arbitrage_executor'
  readonly buying_market: ConnectorPair
  readonly selling_market: ConnectorPair
  readonly order_amount: number
  readonly min_profitability: number
  readonly gas_conversion_price: number | null
}

export interface XemmExecutorConfig {
  readonly type: 'xemm_executor'
  readonly buying_market: ConnectorPair
  readonly selling_market: ConnectorPair
  readonly maker_side: Side
  readonly order_amount: number
  readonly min_profitability: number
  readonly target_profitability: number
  readonly max_profitability: number
}
