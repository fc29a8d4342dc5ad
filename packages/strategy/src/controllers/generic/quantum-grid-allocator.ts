import type { z } from 'zod'
import type { CandleFeed } from '../../candles.ts'
import type { ConnectorPair, GridExecutorConfig } from '../../executors/executor-config.ts'
import type { Side } from '../../executors/side.ts'
import { profitAlone } from '../../executors/triple-barrier.ts'
import { bandwidth, bollingerBands } from '../../indicators/bollinger.ts'
import { lastOf } from '../../indicators/series.ts'
import { type Exact, exactOf, minus, nearest, type Price, plus, times } from '../../numbers/exact.ts'
import { type Action, type Controller, NO_ACTIONS, type World } from '../controller.ts'
import { controllerConfig, field, GENERIC, UPDATABLE, type Wrong } from '../fields.ts'
import { bool, byName, decimal, exactDecimal, float, integer, interval, positionMode, text } from '../fields-kinds.ts'

const schema = controllerConfig(
  'quantum_grid_allocator',
  GENERIC,
  {
    long_only_threshold: field(decimal, '0.2', UPDATABLE),
    short_only_threshold: field(decimal, '0.2', UPDATABLE),
    /** Kept because configurations have it; nothing depends on it. */
    hedge_ratio: field(decimal, '2', UPDATABLE),
    base_grid_value_pct: field(decimal, '0.08', UPDATABLE),
    max_grid_value_pct: field(decimal, '0.15', UPDATABLE),
    safe_extra_spread: field(decimal, '0.0001', UPDATABLE),
    favorable_order_frequency: field(integer, 2, UPDATABLE),
    /** As hedge_ratio. */
    unfavorable_order_frequency: field(integer, 5, UPDATABLE),
    max_orders_per_batch: field(integer, 1, UPDATABLE),
    portfolio_allocation: field(byName(decimal), { SOL: '0.50' }, UPDATABLE),
    grid_range: field(exactDecimal, '0.002', UPDATABLE),
    tp_sl_ratio: field(exactDecimal, '0.8', UPDATABLE),
    min_order_amount: field(decimal, '5', UPDATABLE),
    max_deviation: field(decimal, '0.05', UPDATABLE),
    max_open_orders: field(integer, 2, UPDATABLE),
    connector_name: field(text, 'binance'),
    leverage: field(integer, 1),
    position_mode: field(positionMode, 'PositionMode.HEDGE'),
    quote_asset: field(text, 'USDT'),
    fee_asset: field(text, 'BNB'),
    min_spread_between_orders: field(decimal, '0.0001', UPDATABLE),
    grid_tp_multiplier: field(decimal, '0.0001', UPDATABLE),
    limit_price_spread: field(exactDecimal, '0.001', UPDATABLE),
    activation_bounds: field(decimal, '0.0002', UPDATABLE),
    bb_length: field(integer, 100, { gt: 0 }),
    bb_std_dev: field(float, 2),
    interval: field(interval, '1s'),
    dynamic_grid_range: field(bool, false, UPDATABLE),
    show_terminated_details: field(bool, false),
  },
  ({ portfolio_allocation, quote_asset }): readonly Wrong[] => {
    const wrong = (why: string) => ({ field: 'portfolio_allocation', why })
    const parts = Object.values(portfolio_allocation)
    const sum = nearest(parts.reduce((all, part) => plus(all, exactOf(part)), exactOf(0)))
    const money = Object.keys(portfolio_allocation).find((asset) => asset === 'USDT' || asset === quote_asset)
    return [
      ...(sum < 1 ? [] : [wrong(`the allocations must add up to less than 1, not to ${sum}`)]),
      ...(money === undefined ? [] : [wrong(`${money} is what is left over and cannot be allocated`)]),
    ]
  },
)

export type QuantumGridAllocatorConfig = z.output<typeof schema>

const marketOf = (config: QuantumGridAllocatorConfig, asset: string): ConnectorPair => ({
  connector_name: config.connector_name,
  trading_pair: `${asset}-${config.quote_asset}`,
})

const feedOf = (config: QuantumGridAllocatorConfig, asset: string): CandleFeed => ({
  connector: config.connector_name,
  pair: `${asset}-${config.quote_asset}`,
  interval: config.interval,
  window: config.bb_length + 100,
})

/** How far the bands are apart, as a fraction of their middle; undefined until there are candles enough and they move. */
const bandwidthOf = (config: QuantumGridAllocatorConfig, world: World, asset: string): number | undefined => {
  const feed = feedOf(config, asset)
  const candles = world.candles(feed)
  if (!candles || candles.length < config.bb_length) return undefined
  const closes = candles.close.subarray(Math.max(0, candles.length - feed.window), candles.length)
  // The original never comes to it: there is no number of its own to keep for a token that costs next to nothing.
  const width = lastOf(bandwidth(bollingerBands(closes, config.bb_length, config.bb_std_dev, 'relative'), 'relative'))
  return width > 0 ? width / 100 : undefined
}

/** A grid around the middle: so far below it, so far above. */
interface Plan {
  readonly side: Side
  readonly below: Price
  readonly above: Price
}

/** `range` is cut in two: the part that is hoped for, and the smaller one that is feared. */
const plans = (config: QuantumGridAllocatorConfig, range: Price, difference: number, deviation: number): Plan[] => {
  const hoped = times(range, config.tp_sl_ratio)
  const feared = times(range, minus(1, config.tp_sl_ratio))
  if (deviation < -config.long_only_threshold) return [{ side: 'BUY', below: feared, above: hoped }]
  if (deviation > config.short_only_threshold) return [{ side: 'SELL', below: hoped, above: feared }]
  if (difference < 0)
    return [
      { side: 'BUY', below: times(2, feared), above: hoped },
      { side: 'SELL', below: hoped, above: times(2, feared) },
    ]
  if (difference > 0)
    return [
      { side: 'SELL', below: times(2, hoped), above: feared },
      { side: 'BUY', below: feared, above: times(2, hoped) },
    ]
  return []
}

const gridOf = (
  config: QuantumGridAllocatorConfig,
  market: ConnectorPair,
  { side, below, above }: Plan,
  price: number,
  value: number,
): GridExecutorConfig => {
  const start_price: Exact = times(price, minus(1, below))
  const end_price: Exact = times(price, plus(1, above))
  return {
    type: 'grid_executor',
    ...market,
    side,
    start_price,
    end_price,
    limit_price:
      side === 'BUY'
        ? times(start_price, minus(1, config.limit_price_spread))
        : times(end_price, plus(1, config.limit_price_spread)),
    total_amount_quote: value,
    min_spread_between_orders: config.min_spread_between_orders,
    min_order_amount_quote: config.min_order_amount,
    max_open_orders: config.max_open_orders,
    max_orders_per_batch: config.max_orders_per_batch,
    order_frequency: config.favorable_order_frequency,
    activation_bounds: config.activation_bounds,
    safe_extra_spread: config.safe_extra_spread,
    triple_barrier_config: profitAlone(config.grid_tp_multiplier),
    leverage: config.leverage,
    level_id: null,
    deduct_base_fees: false,
    keep_position: true,
    coerce_tp_to_step: true,
  }
}

const hasGrid = ({ active }: World, market: ConnectorPair): boolean => {
  for (const { config } of active)
    if (config.type === 'grid_executor' && config.trading_pair === market.trading_pair) return true
  return false
}

/**
 * Keeps each asset at its part of the portfolio with grids: far below its part only grids that buy, far above only grids
 * that sell, in between one of each.
 */
export const quantumGridAllocator: Controller<QuantumGridAllocatorConfig> = {
  name: 'quantum_grid_allocator',
  type: 'generic',
  schema,
  markets: (config) =>
    [...Object.keys(config.portfolio_allocation), config.fee_asset].map((asset) => marketOf(config, asset)),
  feeds: (config) => Object.keys(config.portfolio_allocation).map((asset) => feedOf(config, asset)),
  start(config) {
    const assets = Object.entries(config.portfolio_allocation).map(([asset, part]) => {
      return { asset, part, market: marketOf(config, asset) }
    })

    const gridsOf = (world: World, { asset, part, market }: (typeof assets)[number], portfolio: number): Action[] => {
      const price = world.mid(market)
      const theoretical = portfolio * part
      const difference = world.balance(config.connector_name, asset) * price - theoretical
      const deviation = difference / theoretical
      const pct = Math.abs(deviation) > config.max_deviation ? config.max_grid_value_pct : config.base_grid_value_pct
      const isFarOff = deviation < -config.long_only_threshold || deviation > config.short_only_threshold
      const value = isFarOff ? Math.min(Math.abs(difference), theoretical * pct) : theoretical * pct
      const least = 5 * Math.max(config.min_order_amount, world.rules(market)?.min_notional_size ?? 0)
      // NaN where there is nothing at all: no comparison with it holds.
      if (!(value >= least) || value === 0) return []
      const range = config.dynamic_grid_range ? bandwidthOf(config, world, asset) : config.grid_range
      if (range === undefined) return []
      return plans(config, range, difference, deviation).map((plan) => ({
        type: 'create',
        executor: gridOf(config, market, plan, price, value),
      }))
    }

    return (world) => {
      const idle = assets.filter(({ market }) => !hasGrid(world, market))
      if (idle.length === 0) return NO_ACTIONS
      const portfolio = assets.reduce(
        (sum, { asset, market }) => sum + world.balance(config.connector_name, asset) * world.mid(market),
        world.balance(config.connector_name, config.quote_asset),
      )
      const actions = idle.flatMap((one) => gridsOf(world, one, portfolio))
      return actions.length > 0 ? actions : NO_ACTIONS
    }
  },
}
