/** A row of `orders`, as pg reads it: numerics are text, so that no digit is lost. */
export interface OrdersTable {
  client_order_id: string
  exchange_order_id: string | null
  account_name: string
  connector_name: string
  trading_pair: string
  trade_type: string
  order_type: string
  amount: string
  price: string | null
  status: string
  filled_amount: string
  average_fill_price: string | null
  fee_paid: string | null
  fee_currency: string | null
  error_message: string | null
  created_at: Date
  updated_at: Date
  outcome: string
  cancel: string
  filled_quote: string
}

/** A row of `trades`: one fill of an order. */
export interface TradesTable {
  trade_id: string
  client_order_id: string
  timestamp: Date
  amount: string
  price: string
  fee_paid: string
  fee_currency: string | null
  /** As it was taken. Null, as all that follows, in rows from before these columns. */
  fee_amount: string | null
  fee_asset: string | null
  /** LONG or SHORT where the account keeps them apart. */
  position_side: string | null
  /** The order's. */
  account: string | null
  connector: string | null
}

/** How many orders of one kind were created on one day, in UTC. */
export interface OrderCountsTable {
  account_name: string
  connector_name: string
  trading_pair: string
  status: string
  day: Date
  orders: string
}

/** What the orders projection writes. */
export interface OrdersTables {
  'trading.orders': OrdersTable
  'trading.trades': TradesTable
  'trading.order_counts': OrderCountsTable
}
