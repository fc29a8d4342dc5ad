import type { z } from 'zod'
import type { ArbitrageExecutorConfig, ConnectorPair } from '../../executors/executor-config.ts'
import { isSameMarket } from '../../executors/same-market.ts'
import { type Action, type Controller, NO_ACTIONS, type World } from '../controller.ts'
import { controllerConfig, field, GENERIC } from '../fields.ts'
import { decimal, integer, text } from '../fields-kinds.ts'
import { connectorPair } from '../fields-models.ts'

const schema = controllerConfig('arbitrage_controller', GENERIC, {
  exchange_pair_1: field(connectorPair, { connector_name: 'binance', trading_pair: 'SOL-USDT' }),
  exchange_pair_2: field(connectorPair, { connector_name: 'jupiter/router', trading_pair: 'SOL-USDC' }),
  min_profitability: field(decimal, '0.01'),
  delay_between_executors: field(integer, 10),
  max_executors_imbalance: field(integer, 1),
  rate_connector: field(text, 'binance'),
  quote_conversion_asset: field(text, 'USDT'),
})

export type ArbitrageControllerConfig = z.output<typeof schema>

const assetsOf = (market: ConnectorPair): readonly [base: string, quote: string] => {
  const [base = '', quote = ''] = market.trading_pair.split('-')
  return [base, quote]
}

/** What has happened one way: bought on one market and sold on the other. */
interface Direction {
  isRunning: boolean
  completed: number
  lastEnd: number
}

const directionOf = ({ active, finished }: World, buying: ConnectorPair): Direction => {
  const direction: Direction = { isRunning: false, completed: 0, lastEnd: Number.NEGATIVE_INFINITY }
  for (const { config } of active)
    if (config.type === 'arbitrage_executor' && isSameMarket(config.buying_market, buying)) direction.isRunning = true
  for (const { config, closeType, closeTimestamp } of finished) {
    if (config.type !== 'arbitrage_executor' || !isSameMarket(config.buying_market, buying)) continue
    if (closeType === 'COMPLETED') direction.completed += 1
    direction.lastEnd = Math.max(direction.lastEnd, closeTimestamp ?? direction.lastEnd)
  }
  return direction
}

/** What an executor needs to know of prices; undefined where one of them is not known yet. */
const executorOf = (
  config: ArbitrageControllerConfig,
  world: World,
  buying_market: ConnectorPair,
  selling_market: ConnectorPair,
): ArbitrageExecutorConfig | undefined => {
  const [base] = assetsOf(buying_market)
  const rate = world.rate(base, config.quote_conversion_asset)
  if (!rate) return undefined
  const gasToken = world.gasToken(buying_market.connector_name) ?? world.gasToken(selling_market.connector_name)
  const gas = gasToken === undefined ? null : world.rate(base, gasToken)
  if (gas === undefined) return undefined
  return {
    type: 'arbitrage_executor',
    buying_market,
    selling_market,
    order_amount: world.quantizeAmount(buying_market, config.total_amount_quote / rate),
    min_profitability: config.min_profitability,
    gas_conversion_price: gas,
  }
}

/**
 * Buys on one market and sells on the other, both ways, wherever that pays. One way may be taken only so many times more
 * than the other; the original then waits for the other way without ever taking it, and counts executors that failed.
 */
export const arbitrageController: Controller<ArbitrageControllerConfig> = {
  name: 'arbitrage_controller',
  type: 'generic',
  schema,
  markets(config) {
    const both = [config.exchange_pair_1, config.exchange_pair_2]
    const conversions = both
      .map((market) => assetsOf(market)[1])
      .filter((quote) => quote !== config.quote_conversion_asset)
      .map((quote) => ({
        connector_name: config.rate_connector,
        trading_pair: `${quote}-${config.quote_conversion_asset}`,
      }))
    return [...both, ...conversions]
  },
  start(config) {
    const [one, two] = [config.exchange_pair_1, config.exchange_pair_2]
    return (world) => {
      const [forth, back] = [directionOf(world, one), directionOf(world, two)]
      if (Math.max(forth.lastEnd, back.lastEnd) + config.delay_between_executors > world.now) return NO_ACTIONS
      const imbalance = forth.completed - back.completed
      const mayGoForth = !forth.isRunning && imbalance < config.max_executors_imbalance
      const mayGoBack = !back.isRunning && -imbalance < config.max_executors_imbalance
      const executors = [
        mayGoForth ? executorOf(config, world, one, two) : undefined,
        mayGoBack ? executorOf(config, world, two, one) : undefined,
      ]
      return executors.flatMap((executor): Action[] => (executor ? [{ type: 'create', executor }] : []))
    }
  },
}
