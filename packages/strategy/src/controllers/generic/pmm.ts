import type { z } from 'zod'
import type { CandleFeed } from '../../candles.ts'
import type { Controller } from '../controller.ts'
import { controllerConfig, field, GENERIC, PROMPT } from '../fields.ts'
import { text } from '../fields-kinds.ts'
import { type ConfiguredCandles, candlesConfig } from '../fields-models.ts'
import { ownMarket } from '../own-market.ts'
import { inventoryQuoting, inventoryQuotingFields, wrongInventoryQuoting } from './inventory-quoting.ts'

const schema = controllerConfig(
  'pmm',
  GENERIC,
  {
    candles_config: field(candlesConfig, []),
    connector_name: field(text, 'binance', PROMPT),
    trading_pair: field(text, 'BTC-FDUSD', PROMPT),
    ...inventoryQuotingFields,
  },
  wrongInventoryQuoting,
)
export type PmmConfig = z.output<typeof schema>

/** A configured series as a feed. */
export const configuredFeed = (candles: ConfiguredCandles): CandleFeed => ({
  connector: candles.connector,
  pair: candles.trading_pair,
  interval: candles.interval,
  window: candles.max_records,
})

/** Quotes around the middle of the book and keeps an inventory between two shares of its money. */
export const pmm: Controller<PmmConfig> = {
  name: 'pmm',
  type: 'generic',
  schema,
  markets: ownMarket,
  feeds: (config) => config.candles_config.map(configuredFeed),
  start: (config) => inventoryQuoting(config, (world) => world.mid(config)),
}
