import type { z } from 'zod'
import type { CandleFeed } from '../../candles.ts'
import type { Controller } from '../controller.ts'
import { controllerConfig, field, GENERIC, PROMPT } from '../fields.ts'
import { interval, text } from '../fields-kinds.ts'
import { candlesConfig } from '../fields-models.ts'
import { ownMarket } from '../own-market.ts'
import { inventoryQuoting, inventoryQuotingFields, wrongInventoryQuoting } from './inventory-quoting.ts'
import { configuredFeed } from './pmm.ts'

const schema = controllerConfig(
  'pmm_adjusted',
  GENERIC,
  {
    candles_config: field(candlesConfig, []),
    connector_name: field(text, 'binance', PROMPT),
    trading_pair: field(text, 'BTC-FDUSD', PROMPT),
    candles_connector_name: field(text, 'binance'),
    candles_trading_pair: field(text, 'BTC-USDT'),
    candles_interval: field(interval, '1s'),
    ...inventoryQuotingFields,
  },
  wrongInventoryQuoting,
)
export type PmmAdjustedConfig = z.output<typeof schema>

const feedOf = (config: PmmAdjustedConfig): CandleFeed => ({
  connector: config.candles_connector_name,
  pair: config.candles_trading_pair,
  interval: config.candles_interval,
  window: 500,
})

/** As pmm, around the last close of another market, often a deeper one; around its own middle while there is none. */
export const pmmAdjusted: Controller<PmmAdjustedConfig> = {
  name: 'pmm_adjusted',
  type: 'generic',
  schema,
  markets: ownMarket,
  feeds: (config) => [feedOf(config), ...config.candles_config.map(configuredFeed)],
  start: (config) => {
    const feed = feedOf(config)
    return inventoryQuoting(config, (world) => {
      // A backtest of the original forgets the other market after the first look.
      if (world.mode === 'hummingbot') return world.mid(config)
      const candles = world.candles(feed)
      return candles?.close[candles.length - 1] ?? world.mid(config)
    })
  },
}
