import type { ConnectorPair, OrderExecutorConfig } from '../../executors/executor-config.ts'
import { isSameMarket } from '../../executors/same-market.ts'
import { type Exact, nearest, plus } from '../../numbers/exact.ts'
import type { Positions } from '../../positions/positions.ts'
import type { Action, World } from '../controller.ts'
import type { Level } from './levels.ts'

/** What the order that rebalances carries in the place of a level. */
const REBALANCE = 'position_rebalance'

interface RebalanceConfig extends ConnectorPair {
  readonly position_rebalance_threshold_pct: number
  readonly skip_rebalance: boolean
}

/** What executors left behind on a market, in base; below zero when it is owed. */
const heldBase = (positions: Positions, market: ConnectorPair): number => {
  let base = 0
  for (const position of positions) {
    if (isSameMarket(position, market)) base += position.side === 'BUY' ? position.amount : -position.amount
  }
  return base
}

/**
 * On spot one can only sell what one owns: what all sells together need is bought first, and sold again where it is too
 * much. Only what this controller's executors left behind counts, not what the wallet may have besides: a controller that
 * shall start from the wallet has `initial_positions` or `skip_rebalance`. Undefined where nothing is ever rebalanced.
 */
export const rebalancing = (
  config: RebalanceConfig,
  levels: readonly Level[],
): ((world: World, reference: number) => Action | undefined) | undefined => {
  if (config.skip_rebalance || config.connector_name.includes('_perpetual')) return undefined
  const { connector_name, trading_pair, position_rebalance_threshold_pct: threshold } = config
  const sells = levels.filter(({ side }) => side === 'SELL')
  const needed = nearest(sells.reduce<Exact>((sum, { quote }) => plus(sum, quote), { hi: 0, lo: 0 }))
  return (world, reference) => {
    for (const { levelId } of world.active) if (levelId === REBALANCE) return undefined
    const required = needed / reference
    const missing = required - heldBase(world.positions, config)
    if (!(Math.abs(missing) > required * threshold)) return undefined
    const executor: OrderExecutorConfig = {
      type: 'order_executor',
      connector_name,
      trading_pair,
      side: missing > 0 ? 'BUY' : 'SELL',
      amount: Math.abs(missing),
      position_action: 'OPEN',
      price: reference,
      chaser_config: null,
      execution_strategy: 'MARKET',
      leverage: 1,
      level_id: REBALANCE,
    }
    return { type: 'create', executor }
  }
}
