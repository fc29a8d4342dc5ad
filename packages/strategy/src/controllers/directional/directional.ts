import type { Candles } from '../../candles.ts'
import type { ConnectorPair, ExecutorConfig } from '../../executors/executor-config.ts'
import { positionExecutor } from '../../executors/position-executor.ts'
import type { Side } from '../../executors/side.ts'
import { barriersOf, type ConfiguredBarriers } from '../../executors/triple-barrier.ts'
import { type Exact, nearest, over } from '../../numbers/exact.ts'
import { type Column, candleFeatures } from '../candle-features.ts'
import { type Controller, type ControllerConfig, type Decide, NO_ACTIONS, type World } from '../controller.ts'
import type { ControllerSchema } from '../fields.ts'
import { candlesFeed, ownMarket } from '../own-market.ts'

/** What every directional controller is configured with. */
export interface DirectionalConfig extends ControllerConfig, ConnectorPair, ConfiguredBarriers {
  readonly max_executors_per_side: number
  readonly cooldown_time: number
  readonly leverage: number
  readonly candles_connector: string | null
  readonly candles_trading_pair: string | null
  readonly interval: string
}

/** What is opened on a signal: `amount` is in base, at that price. Undefined: nothing, this time. */
export type Open = (side: Side, price: number, amount: Exact, world: World) => ExecutorConfig | undefined

/** What makes one directional controller different from another. */
export interface Directional<Config extends DirectionalConfig> {
  readonly name: string
  readonly schema: ControllerSchema<Config>
  /** How many candles its indicators see live. */
  readonly window: (config: Config) => number
  /**
   * The columns it derives, the last one `signal`: 1 to buy, -1 to sell, 0 to do neither. Undefined when there are too few
   * candles for any.
   */
  readonly derive: (config: Config, candles: Candles, mode: World['mode']) => readonly Column[] | undefined
  /** A position with the barriers of the configuration, by default. */
  readonly open?: (config: Config) => Open
}

const openPosition = (config: DirectionalConfig): Open => {
  const triple_barrier_config = barriersOf(config, 'MARKET')
  return (side, price, amount) =>
    positionExecutor(config, { side, entry_price: price, amount: nearest(amount), triple_barrier_config })
}

/**
 * Whether one more may be opened on a side: fewer than allowed are active there, and the youngest of them is older than
 * the cooldown. A side without any has no cooldown. The original's backtests count both sides when it is about to sell.
 */
const mayOpen = (config: DirectionalConfig, side: Side, { active, mode, now }: World): boolean => {
  let [count, youngest] = [0, 0]
  for (const executor of active) {
    if (executor.side !== side && !(mode === 'hummingbot' && side === 'SELL')) continue
    count++
    youngest = Math.max(youngest, executor.timestamp)
  }
  return count < config.max_executors_per_side && now - youngest > config.cooldown_time
}

/** Opens on a signal, and leaves the rest to the barriers: a signal that turns stops nothing. */
const decide = (config: DirectionalConfig, open: Open): Decide => {
  const { total_amount_quote: total, max_executors_per_side: most } = config
  return (world) => {
    const signal = world.feature('signal')
    if (!(signal > 0 || signal < 0)) return NO_ACTIONS
    const side = signal > 0 ? 'BUY' : 'SELL'
    if (!mayOpen(config, side, world)) return NO_ACTIONS
    const price = world.mid(config)
    if (!(price > 0)) return NO_ACTIONS
    const executor = open(side, price, over(over(total, price), most), world)
    return executor ? [{ type: 'create', executor }] : NO_ACTIONS
  }
}

/** A controller that follows a signal which it derives from the candles of one market. */
export const directional = <Config extends DirectionalConfig>(own: Directional<Config>): Controller<Config> => ({
  name: own.name,
  type: 'directional_trading',
  schema: own.schema,
  markets: ownMarket,
  feeds: (config) => [candlesFeed(config, own.window(config))],
  features: (config, candles, mode) => {
    const series = candles(candlesFeed(config, own.window(config)))
    const derived = series && own.derive(config, series, mode)
    return derived && candleFeatures(series, derived)
  },
  start: (config) => decide(config, (own.open ?? openPosition)(config)),
})
