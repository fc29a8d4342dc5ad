import type { z } from 'zod'
import type { XemmExecutorConfig } from '../../executors/executor-config.ts'
import type { Side } from '../../executors/side.ts'
import { type Action, type Controller, NO_ACTIONS, type World } from '../controller.ts'
import { controllerConfig, field, GENERIC, PROMPT } from '../fields.ts'
import { decimal, integer, is, type Kind, listOf, REFUSED, text } from '../fields-kinds.ts'

interface Level {
  readonly target: number
  readonly weight: number
}

const pair = listOf(decimal)

const level: Kind<Level> = {
  type: pair.type,
  parse: (input, refuse) => {
    const values = pair.parse(input, refuse)
    if (!is(values)) return REFUSED
    const [target, weight, ...more] = values
    if (target === undefined || weight === undefined || more.length > 0)
      return refuse({ type: 'value_error', msg: "Value error, a level is 'target profitability,weight'" })
    return { target, weight }
  },
}

/** `target,weight-target,weight`, or a list of pairs. */
const levels: Kind<readonly Level[]> = {
  type: `List[${level.type}]`,
  parse: (input, refuse) => listOf(level).parse(typeof input === 'string' ? input.split('-') : input, refuse),
}

const schema = controllerConfig('xemm_multiple_levels', GENERIC, {
  maker_connector: field(text, 'mexc', PROMPT),
  maker_trading_pair: field(text, 'PEPE-USDT', PROMPT),
  taker_connector: field(text, 'binance', PROMPT),
  taker_trading_pair: field(text, 'PEPE-USDT', PROMPT),
  buy_levels_targets_amount: field(levels, '0.003,10-0.006,20-0.009,30', PROMPT),
  sell_levels_targets_amount: field(levels, '0.003,10-0.006,20-0.009,30', PROMPT),
  min_profitability: field(decimal, 0.003, PROMPT),
  max_profitability: field(decimal, 0.01, PROMPT),
  max_executors_imbalance: field(integer, 1, PROMPT),
})

export type XemmMultipleLevelsConfig = z.output<typeof schema>

/** How many more bought on the maker than sold there, of those that traded: a profit tells where an amount does not. */
const imbalanceOf = ({ finished }: World): number => {
  let imbalance = 0
  for (const { config, filledAmountQuote, netPnlQuote } of finished)
    if (config.type === 'xemm_executor' && (filledAmountQuote > 0 || netPnlQuote !== 0))
      imbalance += config.maker_side === 'BUY' ? 1 : -1
  return imbalance
}

const isWorking = ({ active }: World, side: Side, target: number): boolean => {
  for (const { config } of active)
    if (config.type === 'xemm_executor' && config.maker_side === side && config.target_profitability === target)
      return true
  return false
}

const makerOf = (config: XemmMultipleLevelsConfig) => ({
  connector_name: config.maker_connector,
  trading_pair: config.maker_trading_pair,
})

const takerOf = (config: XemmMultipleLevelsConfig) => ({
  connector_name: config.taker_connector,
  trading_pair: config.taker_trading_pair,
})

/** The levels of a side with what each of them is for, in quote: half of the whole is the side's. */
const sideOf = (config: XemmMultipleLevelsConfig, side: Side) => {
  const levels = side === 'BUY' ? config.buy_levels_targets_amount : config.sell_levels_targets_amount
  const weights = levels.reduce((sum, { weight }) => sum + weight, 0)
  return levels.map(({ target, weight }) => ({ target, quote: (config.total_amount_quote / 2) * (weight / weights) }))
}

const executorOf = (
  config: XemmMultipleLevelsConfig,
  side: Side,
  target: number,
  amount: number,
): XemmExecutorConfig => {
  const [maker, taker] = [makerOf(config), takerOf(config)]
  return {
    type: 'xemm_executor',
    buying_market: side === 'BUY' ? maker : taker,
    selling_market: side === 'BUY' ? taker : maker,
    maker_side: side,
    order_amount: amount,
    min_profitability: target - config.min_profitability,
    target_profitability: target,
    max_profitability: target + config.max_profitability,
  }
}

/**
 * Quotes on one venue what it can take at once on another, a quote for each profitability. A level that is gone is put up
 * again by itself; the original waits until the whole side is gone.
 */
export const xemmMultipleLevels: Controller<XemmMultipleLevelsConfig> = {
  name: 'xemm_multiple_levels',
  type: 'generic',
  schema,
  markets: (config) => [makerOf(config), takerOf(config)],
  start(config) {
    const [buys, sells] = [sideOf(config, 'BUY'), sideOf(config, 'SELL')]
    return (world) => {
      const price = world.mid(makerOf(config))
      if (!(price > 0)) return NO_ACTIONS
      const imbalance = imbalanceOf(world)
      const missing = (side: Side, levels: typeof buys): Action[] =>
        levels
          .filter(({ target }) => !isWorking(world, side, target))
          .map(({ target, quote }) => ({ type: 'create', executor: executorOf(config, side, target, quote / price) }))
      const actions = [
        ...(imbalance < config.max_executors_imbalance ? missing('BUY', buys) : []),
        ...(-imbalance < config.max_executors_imbalance ? missing('SELL', sells) : []),
      ]
      return actions.length > 0 ? actions : NO_ACTIONS
    }
  },
}
