import type { z } from 'zod'
import type { Executor } from '../../executors/executor.ts'
import type { ExecutorConfig } from '../../executors/executor-config.ts'
import { positionExecutor } from '../../executors/position-executor.ts'
import { profitAlone } from '../../executors/triple-barrier.ts'
import { type Exact, nearest, over, times } from '../../numbers/exact.ts'
import type { PositionSummary } from '../../positions/positions.ts'
import { type Action, type Controller, type Decide, NO_ACTIONS, type World } from '../controller.ts'
import { controllerConfig, field, GENERIC, UPDATABLE } from '../fields.ts'
import { levelAmounts, wrongLevels } from '../fields-bases.ts'
import {
  bool,
  decimal,
  float,
  integer,
  listOf,
  named,
  oneOf,
  optional,
  orderType,
  positionMode,
  positionSide,
  text,
} from '../fields-kinds.ts'
import { factorOf, type Level, levelsOf, placesOf } from '../market-making/levels.ts'
import { ownMarket } from '../own-market.ts'
import { positionOn, shareOf, skewOf, wrongShares } from './base-share.ts'
import { type LevelCrowd, levelCrowd } from './level-crowd.ts'
import { positionExit } from './position-exit.ts'
import { withRenewals } from './renewals.ts'

const optionalOrderType = named('Optional[OrderType]', orderType)

const schema = controllerConfig(
  'pmm_mister',
  GENERIC,
  {
    connector_name: field(text, 'binance'),
    trading_pair: field(text, 'BTC-USDT'),
    portfolio_allocation: field(decimal, '0.1', UPDATABLE),
    target_base_pct: field(decimal, '0.5', UPDATABLE),
    min_base_pct: field(decimal, '0.3', UPDATABLE),
    max_base_pct: field(decimal, '0.7', UPDATABLE),
    buy_spreads: field(listOf(float), '0.0005', UPDATABLE),
    sell_spreads: field(listOf(float), '0.0005', UPDATABLE),
    buy_amounts_pct: field(levelAmounts, '1', UPDATABLE),
    sell_amounts_pct: field(levelAmounts, '1', UPDATABLE),
    executor_refresh_time: field(integer, 30, UPDATABLE),
    buy_cooldown_time: field(integer, 60, UPDATABLE),
    sell_cooldown_time: field(integer, 60, UPDATABLE),
    buy_position_effectivization_time: field(integer, 120, UPDATABLE),
    sell_position_effectivization_time: field(integer, 120, UPDATABLE),
    price_distance_tolerance: field(decimal, '0.0005', UPDATABLE),
    refresh_tolerance: field(decimal, '0.0005', UPDATABLE),
    tolerance_scaling: field(decimal, '1.2', { ...UPDATABLE, gt: 0 }),
    leverage: field(integer, 20, UPDATABLE),
    position_mode: field(positionMode, 'PositionMode.ONEWAY'),
    position_side: field(positionSide, 'BUY'),
    take_profit: field(optional(decimal), '0.0001', { ...UPDATABLE, gt: 0 }),
    take_profit_order_type: field(optionalOrderType, 'OrderType.LIMIT_MAKER', UPDATABLE),
    open_order_type: field(optionalOrderType, 'OrderType.LIMIT_MAKER', UPDATABLE),
    max_active_executors_by_level: field(optional(integer), 4, UPDATABLE),
    tick_mode: field(bool, false, UPDATABLE),
    position_profit_protection: field(bool, false, UPDATABLE),
    min_skew: field(decimal, '1.0', UPDATABLE),
    global_take_profit: field(decimal, '0.03', UPDATABLE),
    global_stop_loss: field(decimal, '0.05', UPDATABLE),
    global_tp_enabled: field(bool, false, UPDATABLE),
    global_sl_enabled: field(bool, false, UPDATABLE),
    global_tp_activation_from: field(oneOf('always', 'min_base', 'target_base'), 'min_base', UPDATABLE),
    global_sl_activation_from: field(oneOf('target_base', 'max_base'), 'target_base', UPDATABLE),
    global_pnl_reference: field(oneOf('position', 'portfolio'), 'position', UPDATABLE),
  },
  (config) => [...wrongLevels(config), ...wrongShares(config)],
)
export type PmmMisterConfig = z.output<typeof schema>

/** Whether at a price a position would be worth more than it did cost, or less. */
const standsAt = ({ side, breakevenPrice }: PositionSummary, price: number): 'winning' | 'losing' | 'even' => {
  if (price === breakevenPrice) return 'even'
  return price > breakevenPrice === (side === 'BUY') ? 'winning' : 'losing'
}

const start = (config: PmmMisterConfig): Decide => {
  const levels = levelsOf(config, times(config.total_amount_quote, config.portfolio_allocation))
  const places = placesOf(levels)
  const factors = levels.map(({ side, spread }) => factorOf(side, spread))
  const scales = levels.map(({ place }) => config.tolerance_scaling ** place)
  const barrier = profitAlone(config.take_profit, {
    entry: config.open_order_type,
    exit: config.take_profit_order_type,
  })
  const crowdAt = levelCrowd(places)
  const exit = positionExit(config)
  const { connector_name, position_side: collected, total_amount_quote: money } = config
  const most = config.max_active_executors_by_level ?? Number.POSITIVE_INFINITY
  const isPerpetual = connector_name.includes('perpetual')
  const cooldown = { BUY: config.buy_cooldown_time, SELL: config.sell_cooldown_time }
  const effectivization = {
    BUY: config.buy_position_effectivization_time,
    SELL: config.sell_position_effectivization_time,
  }

  /** What spreads are multiplied by: in tick mode they count price increments. NaN where these are not known. */
  const multiplierAt = (world: World, price: number): number =>
    config.tick_mode ? (world.rules(config)?.min_price_increment ?? Number.NaN) / price : 1

  const priceAt = (at: number, price: number, multiplier: number): Exact => {
    if (multiplier === 1) return times(price, factors[at] ?? 0)
    const { side, spread } = levels[at] as Level
    return times(price, factorOf(side, times(spread, multiplier)))
  }

  const isTaken = ({ count, waiting, lowestEntry, highestEntry, lastUpdate }: LevelCrowd, at: number, world: World) => {
    const { side } = levels[at] as Level
    if (waiting[at] === 1 || (count[at] as number) >= most) return true
    if (world.now - (lastUpdate[at] as number) < cooldown[side]) return true
    if (count[at] === 0) return false
    const price = world.mid(config)
    const distance = side === 'BUY' ? (lowestEntry[at] as number) - price : price - (highestEntry[at] as number)
    return distance / price < config.price_distance_tolerance * (scales[at] as number)
  }

  /** Beyond its bounds the inventory is only brought back; protected, it is neither sold at a loss nor added to in profit. */
  const isWanted = ({ side }: Level, share: number, held: PositionSummary | undefined, price: number): boolean => {
    const collects = side === collected
    if (share < config.min_base_pct) return collects
    if (share > config.max_base_pct) return !collects
    if (!config.position_profit_protection || held === undefined) return true
    const stands = standsAt(held, price)
    if (share < config.target_base_pct && stands === 'losing') return collects
    if (share > config.target_base_pct && stands === 'winning') return !collects
    return true
  }

  const orderAt = (
    world: World,
    level: Level,
    entry: Exact,
    held: PositionSummary | undefined,
    share: number,
  ): ExecutorConfig | undefined => {
    const collects = level.side === collected
    const wouldLose = held !== undefined && standsAt(held, nearest(entry)) === 'losing'
    if (config.position_profit_protection && !collects && wouldLose) return undefined
    const skew = skewOf(collects ? 'towards the most' : 'towards the least', share, config, config.min_skew)
    const amount = world.quantizeAmount(config, nearest(times(over(level.quote, entry), skew)))
    if (!(amount > 0)) return undefined
    return positionExecutor(config, {
      side: level.side,
      entry_price: entry,
      amount,
      triple_barrier_config: barrier,
      level_id: level.id,
    })
  }

  /** A waiting order is placed anew when it is old or the price has left it behind; a filled position becomes inventory. */
  const isDue = (executor: Executor, now: number, price: number, multiplier: number): boolean => {
    if (executor.isTrading)
      return executor.side !== null && now - executor.openOrderLastUpdate >= effectivization[executor.side]
    if (now - executor.timestamp > config.executor_refresh_time) return true
    const at = places.get(executor.levelId)
    if (at === undefined || executor.config.type !== 'position_executor') return false
    const wanted = nearest(priceAt(at, price, multiplier))
    const distance = Math.abs(nearest(executor.config.entry_price) - wanted) / wanted
    return distance > config.refresh_tolerance * (scales[at] as number)
  }

  return (world) => {
    const mode = isPerpetual ? world.positionMode(connector_name) : undefined
    if (mode !== undefined && mode !== config.position_mode) return NO_ACTIONS
    const held = positionOn(world.positions, config)
    const share = shareOf(held, collected, money)
    const crowd = crowdAt(world)
    const exiting = exit(world, held, share)
    if (exiting !== undefined) return exiting

    const price = world.mid(config)
    const multiplier = multiplierAt(world, price)
    let actions: Action[] | undefined
    if (price > 0 && !Number.isNaN(multiplier)) {
      for (let at = 0; at < levels.length; at++) {
        const level = levels[at] as Level
        if (isTaken(crowd, at, world) || !isWanted(level, share, held, price)) continue
        const executor = orderAt(world, level, priceAt(at, price, multiplier), held, share)
        if (executor === undefined) continue
        actions ??= []
        actions.push({ type: 'create', executor })
      }
    }
    const isDueNow = (executor: Executor): boolean => isDue(executor, world.now, price, multiplier)
    return withRenewals(actions, world.active, isDueNow) ?? NO_ACTIONS
  }
}

/**
 * Collects an inventory on one side and gives it back on the other, with several positions at a level, each further away than
 * the last. Waiting orders follow the price; filled ones become inventory after a while, which may be closed as a whole.
 */
export const pmmMister: Controller<PmmMisterConfig> = {
  name: 'pmm_mister',
  type: 'generic',
  schema,
  markets: ownMarket,
  start,
}
