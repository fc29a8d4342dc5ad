import type { z } from 'zod'
import type { GridExecutorConfig } from '../../executors/executor-config.ts'
import type { Side } from '../../executors/side.ts'
import { barriersOf } from '../../executors/triple-barrier.ts'
import { nearest, times } from '../../numbers/exact.ts'
import type { World } from '../controller.ts'
import { controllerConfig, field, PROMPT } from '../fields.ts'
import { candlesFields, DIRECTIONAL } from '../fields-bases.ts'
import { decimal, float, integer } from '../fields-kinds.ts'
import { bollingerColumns, bollingerFields, bollingerSignal, widthColumn } from './bollinger-signal.ts'
import { directional, type Open } from './directional.ts'

const schema = controllerConfig('bollingrid', DIRECTIONAL, {
  ...candlesFields,
  ...bollingerFields,
  grid_start_price_coefficient: field(float, 0.25, PROMPT),
  grid_end_price_coefficient: field(float, 0.75, PROMPT),
  grid_limit_price_coefficient: field(float, 0.35, PROMPT),
  min_spread_between_orders: field(decimal, '0.005', PROMPT),
  order_frequency: field(integer, 2, PROMPT),
  max_orders_per_batch: field(integer, 1, PROMPT),
  min_order_amount_quote: field(decimal, '6', PROMPT),
  max_open_orders: field(integer, 5, PROMPT),
})
export type BollinGridConfig = z.output<typeof schema>

type Prices = Pick<GridExecutorConfig, 'start_price' | 'end_price' | 'limit_price'>

/** The ends of a grid and where it is given up, around the close by shares of the bands' width. */
const pricesOf = (config: BollinGridConfig, side: Side, close: number, width: number): Prices => {
  const below = (coefficient: number): number => close * (1 - width * coefficient)
  const above = (coefficient: number): number => close * (1 + width * coefficient)
  const { grid_start_price_coefficient: start, grid_end_price_coefficient: end } = config
  const limit = config.grid_limit_price_coefficient
  return side === 'BUY'
    ? { start_price: below(start), end_price: above(end), limit_price: below(limit) }
    : { start_price: below(end), end_price: above(start), limit_price: above(limit) }
}

/** Quiet bands leave no room for two orders, and a grid without room fails. */
const hasRoom = (config: BollinGridConfig, prices: Prices, price: number, world: World): boolean => {
  const [start, end] = [nearest(prices.start_price), nearest(prices.end_price)]
  const increment = world.rules(config)?.min_price_increment ?? 0
  return (end - start) / start > Math.max(config.min_spread_between_orders, increment / price)
}

const openGrid = (config: BollinGridConfig): Open => {
  const { connector_name, trading_pair, leverage } = config
  const triple_barrier_config = barriersOf(config, 'MARKET')
  const width = widthColumn(config)
  return (side, price, amount, world) => {
    const prices = pricesOf(config, side, world.feature('close'), world.feature(width) / 100)
    if (!hasRoom(config, prices, price, world)) return undefined
    return {
      type: 'grid_executor',
      connector_name,
      trading_pair,
      side,
      leverage,
      level_id: null,
      ...prices,
      total_amount_quote: nearest(times(amount, price)),
      min_spread_between_orders: config.min_spread_between_orders,
      min_order_amount_quote: config.min_order_amount_quote,
      max_open_orders: config.max_open_orders,
      max_orders_per_batch: config.max_orders_per_batch,
      order_frequency: config.order_frequency,
      activation_bounds: null,
      safe_extra_spread: 0.0001,
      triple_barrier_config,
      deduct_base_fees: false,
      keep_position: false,
      coerce_tp_to_step: false,
    }
  }
}

/** The signal of bollinger_v1, answered with a grid as wide as the bands are apart. */
export const bollingrid = directional<BollinGridConfig>({
  name: 'bollingrid',
  schema,
  window: (config) => config.bb_length,
  derive: (config, candles, mode) => {
    const bands = bollingerColumns(config, candles, mode)
    return bands && [...bands.columns, ['signal', bollingerSignal(config, bands.percent)]]
  },
  open: openGrid,
})
