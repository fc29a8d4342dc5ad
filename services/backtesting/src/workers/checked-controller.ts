import { type Action, type Controller, type ControllerConfig, NO_ACTIONS } from '@colibri/strategy'
import { z } from 'zod'

/** What a controller decided cannot be done; in words for its author. */
export class BadAction extends Error {
  override readonly name = 'BadAction'
}

const price = z.union([z.number(), z.object({ hi: z.number(), lo: z.number() })], { error: 'must be a price' })
const share = z.union([price, z.null()], { error: 'must be a number or null' })
const bounds = z.array(z.number()).nullable()
const orderType = z.enum(['MARKET', 'LIMIT', 'LIMIT_MAKER'])
const oneMarket = {
  connector_name: z.string(),
  trading_pair: z.string(),
  side: z.enum(['BUY', 'SELL']),
  leverage: z.number(),
  level_id: z.string().nullable(),
}
const trailing_stop = z.object({ activation_price: price, trailing_delta: price }).nullable()
const triple_barrier_config = z.object({
  stop_loss: share,
  take_profit: share,
  time_limit: z.number().nullable(),
  trailing_stop,
  open_order_type: orderType,
  take_profit_order_type: orderType,
  stop_loss_order_type: orderType,
  time_limit_order_type: orderType,
})

const executor = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('position_executor'),
    ...oneMarket,
    entry_price: price,
    amount: z.number(),
    triple_barrier_config,
    activation_bounds: bounds,
  }),
  z.object({
    type: z.literal('dca_executor'),
    ...oneMarket,
    amounts_quote: z.array(z.number()).min(1),
    prices: z.array(price).min(1),
    take_profit: share,
    stop_loss: share,
    trailing_stop,
    time_limit: z.number().nullable(),
    mode: z.enum(['MAKER', 'TAKER']),
    activation_bounds: bounds,
  }),
  z.object({
    type: z.literal('grid_executor'),
    ...oneMarket,
    start_price: price,
    end_price: price,
    limit_price: price,
    total_amount_quote: z.number(),
    min_spread_between_orders: z.number().nullable(),
    min_order_amount_quote: z.number().nullable(),
    max_open_orders: z.number(),
    max_orders_per_batch: z.number().nullable(),
    order_frequency: z.number(),
    activation_bounds: z.number().nullable(),
    safe_extra_spread: z.number(),
    triple_barrier_config,
    deduct_base_fees: z.boolean(),
    keep_position: z.boolean(),
    coerce_tp_to_step: z.boolean(),
  }),
  z.object({
    type: z.literal('order_executor'),
    ...oneMarket,
    amount: z.number(),
    position_action: z.enum(['OPEN', 'CLOSE', 'NIL']),
    price: z.union([price, z.null()], { error: 'must be a price or null' }),
    chaser_config: z.object({ distance: z.number(), refresh_threshold: z.number() }).nullable(),
    execution_strategy: z.enum(['LIMIT', 'LIMIT_MAKER', 'MARKET', 'LIMIT_CHASER']),
  }),
  z.object({ type: z.literal('arbitrage_executor') }),
  z.object({ type: z.literal('xemm_executor') }),
])

const action = z.discriminatedUnion('type', [
  z.object({ type: z.literal('create'), executor }),
  z.object({
    type: z.literal('stop'),
    executor: z.object({ id: z.string(), isActive: z.boolean() }, { error: 'must be one of the active executors' }),
    keepPosition: z.boolean(),
  }),
])

const checked = (actions: unknown): readonly Action[] => {
  if (actions === NO_ACTIONS) return NO_ACTIONS
  if (!Array.isArray(actions)) throw new BadAction(`it decided ${kindOf(actions)} where a list of actions belongs`)
  actions.forEach((each: unknown, n) => {
    const issues = action.safeParse(each).error?.issues ?? []
    if (issues.length > 0)
      throw new BadAction(
        `what it decided cannot be done: ${issues.map(({ path, message }) => `${['action', n, ...path].join('.')}: ${message}`).join('; ')}`,
      )
  })
  return actions
}

const kindOf = (value: unknown): string => {
  if (value instanceof Promise) return 'a promise'
  return value === null || value === undefined ? String(value) : `a ${typeof value}`
}

/**
 * The same controller, of which every action is looked at: its types are not checked when it is loaded, and the engine takes
 * an action for what its type says. Throws `BadAction` from within.
 */
export const checkedController = (controller: Controller): Controller => {
  const { feeds, features } = controller
  return {
    name: controller.name,
    type: controller.type,
    schema: controller.schema,
    markets: (config) => controller.markets(config),
    ...(feeds === undefined ? {} : { feeds: (config: ControllerConfig) => feeds.call(controller, config) }),
    ...(features === undefined
      ? {}
      : {
          features: (...asked: Parameters<NonNullable<Controller['features']>>) => features.apply(controller, asked),
        }),
    start: (config) => {
      const decide = controller.start(config)
      return (world) => checked(decide(world))
    },
  }
}
