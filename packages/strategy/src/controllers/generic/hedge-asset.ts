import type { z } from 'zod'
import type { ConnectorPair, OrderExecutorConfig } from '../../executors/executor-config.ts'
import { isSameMarket } from '../../executors/same-market.ts'
import { type Controller, NO_ACTIONS, type World } from '../controller.ts'
import { controllerConfig, field, GENERIC, UPDATABLE } from '../fields.ts'
import { decimal, float, integer, positionMode, text } from '../fields-kinds.ts'

const schema = controllerConfig('hedge_asset', GENERIC, {
  total_amount_quote: field(decimal, '0'),
  spot_connector_name: field(text, 'binance'),
  asset_to_hedge: field(text, 'SOL'),
  hedge_connector_name: field(text, 'binance_perpetual'),
  hedge_trading_pair: field(text, 'SOL-USDT'),
  leverage: field(integer, 20),
  position_mode: field(positionMode, 'PositionMode.HEDGE'),
  hedge_ratio: field(decimal, '0', { ...UPDATABLE, ge: 0, le: 1 }),
  min_notional_size: field(float, 10, { ge: 0 }),
  cooldown_time: field(float, 10, { ge: 0 }),
})

export type HedgeAssetConfig = z.output<typeof schema>

/** Created after `since`, whether it still runs or has ended. One that ended before was created before. */
const isAnyNewer = ({ active, finished }: World, since: number): boolean => {
  for (const executor of active) if (executor.timestamp >= since) return true
  for (let place = finished.length - 1; place >= 0; place--) {
    const executor = finished[place]
    if (!executor || (executor.closeTimestamp ?? 0) < since) return false
    if (executor.timestamp >= since) return true
  }
  return false
}

const shortAmount = ({ positions }: World, market: ConnectorPair): number => {
  let amount = 0
  for (const held of positions) if (held.side === 'SELL' && isSameMarket(held, market)) amount += held.amount
  return amount
}

/**
 * Keeps a part of what is owned of an asset on spot sold short on a perpetual. What it has sold is what its own executors
 * left behind: a position that was opened elsewhere is none of its business.
 */
export const hedgeAsset: Controller<HedgeAssetConfig> = {
  name: 'hedge_asset',
  type: 'generic',
  schema,
  markets: (config) => [
    { connector_name: config.spot_connector_name, trading_pair: `${config.asset_to_hedge}-USDC` },
    { connector_name: config.hedge_connector_name, trading_pair: config.hedge_trading_pair },
  ],
  start(config) {
    const market = { connector_name: config.hedge_connector_name, trading_pair: config.hedge_trading_pair }
    const order = (gap: number): OrderExecutorConfig => ({
      type: 'order_executor',
      ...market,
      side: gap >= 0 ? 'SELL' : 'BUY',
      amount: Math.abs(gap),
      position_action: gap >= 0 ? 'OPEN' : 'CLOSE',
      price: null,
      chaser_config: null,
      execution_strategy: 'MARKET',
      leverage: config.leverage,
      level_id: null,
    })
    return (world) => {
      if (isAnyNewer(world, world.now - config.cooldown_time)) return NO_ACTIONS
      const owned = world.balance(config.spot_connector_name, config.asset_to_hedge)
      const gap = owned * config.hedge_ratio - shortAmount(world, market)
      const worth = Math.abs(gap) * world.mid(market)
      return gap !== 0 && worth >= config.min_notional_size ? [{ type: 'create', executor: order(gap) }] : NO_ACTIONS
    }
  },
}
