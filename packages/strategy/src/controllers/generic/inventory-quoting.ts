import type { Executor } from '../../executors/executor.ts'
import type { ConnectorPair, ExecutorConfig, TripleBarrier } from '../../executors/executor-config.ts'
import type { OrderType } from '../../executors/order-type.ts'
import { positionExecutor } from '../../executors/position-executor.ts'
import { profitAlone } from '../../executors/triple-barrier.ts'
import { nearest, over, times } from '../../numbers/exact.ts'
import type { PositionSummary } from '../../positions/positions.ts'
import { type Action, type Decide, NO_ACTIONS, type World } from '../controller.ts'
import { field, PROMPT, UPDATABLE_PROMPT, type Wrong } from '../fields.ts'
import { levelAmounts, wrongLevels } from '../fields-bases.ts'
import { decimal, float, integer, listOf, named, optional, orderType, positionMode } from '../fields-kinds.ts'
import { factorOf, type Ladder, type Level, levelsOf, placesOf } from '../market-making/levels.ts'
import { positionOn, type ShareBounds, shareOf, skewOf, wrongShares } from './base-share.ts'
import { withRenewals } from './renewals.ts'

/** The fields that pmm and pmm_adjusted share, behind those of the market. */
export const inventoryQuotingFields = {
  portfolio_allocation: field(decimal, '0.05', PROMPT),
  target_base_pct: field(decimal, '0.2', PROMPT),
  min_base_pct: field(decimal, '0.1', PROMPT),
  max_base_pct: field(decimal, '0.4', PROMPT),
  buy_spreads: field(listOf(float), '0.01,0.02', UPDATABLE_PROMPT),
  sell_spreads: field(listOf(float), '0.01,0.02', UPDATABLE_PROMPT),
  buy_amounts_pct: field(levelAmounts, null, UPDATABLE_PROMPT),
  sell_amounts_pct: field(levelAmounts, null, UPDATABLE_PROMPT),
  executor_refresh_time: field(integer, 300, UPDATABLE_PROMPT),
  cooldown_time: field(integer, 15, UPDATABLE_PROMPT),
  leverage: field(integer, 20, UPDATABLE_PROMPT),
  position_mode: field(positionMode, 'HEDGE'),
  take_profit: field(optional(decimal), '0.02', { ...UPDATABLE_PROMPT, gt: 0 }),
  take_profit_order_type: field(named('Optional[OrderType]', orderType), 'LIMIT_MAKER', UPDATABLE_PROMPT),
  max_skew: field(decimal, '1.0', UPDATABLE_PROMPT),
  global_take_profit: field(decimal, '0.02'),
  global_stop_loss: field(decimal, '0.05'),
}

export interface InventoryQuotingConfig extends ConnectorPair, Ladder, ShareBounds {
  readonly total_amount_quote: number
  readonly portfolio_allocation: number
  readonly target_base_pct: number
  readonly executor_refresh_time: number
  readonly cooldown_time: number
  readonly leverage: number
  readonly take_profit: number | null
  readonly take_profit_order_type: OrderType
  /** The least that the skew leaves of an order, whatever its name says: at 1 there is no skew. */
  readonly max_skew: number
  readonly global_take_profit: number
  readonly global_stop_loss: number
}

export const wrongInventoryQuoting = (config: InventoryQuotingConfig): readonly Wrong[] => [
  ...wrongLevels(config),
  ...wrongShares(config),
]

/** What the order carries in the place of a level that sells the whole inventory. */
const GLOBAL_EXIT = 'global_tp_sl'

/** The further out a level, the further its profit: once, twice, three times the configured one. */
const barrierAt = (config: InventoryQuotingConfig, { place }: Level): TripleBarrier =>
  profitAlone(config.take_profit === null ? null : config.take_profit * (place + 1), {
    exit: config.take_profit_order_type,
  })

/** Sells an inventory at the market; as a closing order, so that in hedge mode the long becomes smaller. */
const exitOf = (config: InventoryQuotingConfig, held: PositionSummary, reference: number): Action => ({
  type: 'create',
  executor: {
    type: 'order_executor',
    connector_name: config.connector_name,
    trading_pair: config.trading_pair,
    side: 'SELL',
    amount: held.amount,
    position_action: 'CLOSE',
    price: reference,
    chaser_config: null,
    execution_strategy: 'MARKET',
    leverage: config.leverage,
    level_id: GLOBAL_EXIT,
  },
})

/**
 * Quotes both sides and collects what is filled as an inventory, which shall stay between two shares of the money: below the
 * lower one it only buys, above the upper one it only sells. A filled position becomes inventory after the cooldown; its own
 * profit order lives until then. Far enough in profit or loss the whole inventory above the target is sold.
 */
export const inventoryQuoting = (config: InventoryQuotingConfig, reference: (world: World) => number): Decide => {
  const levels = levelsOf(config, times(config.total_amount_quote, config.portfolio_allocation))
  const places = placesOf(levels)
  const factors = levels.map(({ side, spread }) => factorOf(side, spread))
  const barriers = levels.map((level) => barrierAt(config, level))
  const taken = new Uint8Array(levels.length)
  const { min_base_pct, max_base_pct, max_skew: least } = config
  // What an exit did shows in the positions a tick after it has ended.
  let exitShows = true

  const isExitDue = (held: PositionSummary, share: number): boolean => {
    if (share <= config.target_base_pct) return false
    const profit = held.unrealizedPnlQuote / (held.amount * held.breakevenPrice)
    return profit > config.global_take_profit || profit < -config.global_stop_loss
  }

  const isWanted = ({ side }: Level, share: number): boolean => {
    if (share < min_base_pct) return side === 'BUY'
    if (share > max_base_pct) return side === 'SELL'
    return true
  }

  const orderAt = (world: World, at: number, price: number, share: number): ExecutorConfig | undefined => {
    const level = levels[at] as Level
    const entry = times(price, factors[at] ?? 0)
    const skew = skewOf(level.side === 'BUY' ? 'towards the most' : 'towards the least', share, config, least)
    const amount = world.quantizeAmount(config, nearest(times(over(level.quote, entry), skew)))
    if (!(amount > 0)) return undefined
    return positionExecutor(config, {
      side: level.side,
      entry_price: entry,
      amount,
      triple_barrier_config: barriers[at] as TripleBarrier,
      level_id: level.id,
    })
  }

  return (world) => {
    const { active, now } = world
    // A backtest of the original looks at the inventory once, before there is any: it only ever buys.
    const held = world.mode === 'hummingbot' ? undefined : positionOn(world.positions, config)
    const share = shareOf(held, 'BUY', config.total_amount_quote)
    const price = reference(world)
    taken.fill(0)
    let isExiting = false
    for (const { levelId } of active) {
      const at = places.get(levelId)
      if (at !== undefined) taken[at] = 1
      else if (levelId === GLOBAL_EXIT) isExiting = true
    }

    if (held !== undefined && !isExiting && isExitDue(held, share)) {
      if (exitShows && price > 0) {
        exitShows = false
        return [exitOf(config, held, price)]
      }
      exitShows = true
    } else exitShows = !isExiting

    let actions: Action[] | undefined
    if (price > 0) {
      for (let at = 0; at < levels.length; at++) {
        if (taken[at] === 1 || !isWanted(levels[at] as Level, share)) continue
        const executor = orderAt(world, at, price, share)
        if (executor === undefined) continue
        actions ??= []
        actions.push({ type: 'create', executor })
      }
    }
    const isDue = ({ isTrading, openOrderLastUpdate, timestamp }: Executor): boolean =>
      isTrading ? now - openOrderLastUpdate > config.cooldown_time : now - timestamp > config.executor_refresh_time
    return withRenewals(actions, active, isDue) ?? NO_ACTIONS
  }
}
