import type { TripleBarrier } from './executor-config.ts'
import type { OrderType } from './order-type.ts'

/** How a position ends, as most controllers are configured with it. */
export type ConfiguredBarriers = Pick<
  TripleBarrier,
  'stop_loss' | 'take_profit' | 'time_limit' | 'trailing_stop' | 'take_profit_order_type'
>

/** Entered by an order of the type that the controller enters with; left at the market, but for the profit. */
export const barriersOf = (config: ConfiguredBarriers, entry: OrderType): TripleBarrier => ({
  stop_loss: config.stop_loss,
  take_profit: config.take_profit,
  time_limit: config.time_limit,
  trailing_stop: config.trailing_stop,
  open_order_type: entry,
  take_profit_order_type: config.take_profit_order_type,
  stop_loss_order_type: 'MARKET',
  time_limit_order_type: 'MARKET',
})

/** Taken off by its profit alone; entered and left by orders that rest, unless told. */
export const profitAlone = (
  take_profit: number | null,
  { entry = 'LIMIT_MAKER', exit = 'LIMIT_MAKER' }: { readonly entry?: OrderType; readonly exit?: OrderType } = {},
): TripleBarrier =>
  barriersOf(
    { stop_loss: null, take_profit, time_limit: null, trailing_stop: null, take_profit_order_type: exit },
    entry,
  )
