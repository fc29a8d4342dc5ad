import {
  type CandleFeed,
  type Controller,
  candleFeatures,
  controllerConfig,
  field,
  GENERIC,
  integer,
  interval,
  NO_ACTIONS,
  PROMPT,
  positionExecutor,
  text,
  tripleBarrier,
  UPDATABLE_PROMPT,
} from '@colibri/strategy'
import type { z } from 'zod'

const schema = controllerConfig('breakout', GENERIC, {
  connector_name: field(text, 'binance_perpetual', PROMPT),
  trading_pair: field(text, 'BTC-USDT', PROMPT),
  interval: field(interval, '5m', PROMPT),
  length: field(integer, 48, { ...PROMPT, gt: 0 }),
  leverage: field(integer, 1, PROMPT),
  exits: field(tripleBarrier, { stop_loss: '0.01', take_profit: '0.03', open_order_type: 'MARKET' }, UPDATABLE_PROMPT),
})
export type BreakoutConfig = z.output<typeof schema>

const feedOf = (config: BreakoutConfig): CandleFeed => ({
  connector: config.connector_name,
  pair: config.trading_pair,
  interval: config.interval,
  window: config.length + 1,
})

/** The highest price of the candles before each. */
const highestBefore = (high: Float64Array, length: number): Float64Array =>
  high.map((_, row) => (row < length ? Number.NaN : Math.max(...high.subarray(row - length, row))))

/** Buys what rises above the highest price of a while, one position at a time. */
export const breakout: Controller<BreakoutConfig> = {
  name: 'breakout',
  type: 'generic',
  schema,
  markets: ({ connector_name, trading_pair }) => [{ connector_name, trading_pair }],
  feeds: (config) => [feedOf(config)],
  features(config, candles) {
    const series = candles(feedOf(config))
    return series && candleFeatures(series, [['highest', highestBefore(series.high, config.length)]])
  },
  start(config) {
    return (world) => {
      const price = world.mid(config)
      if (world.active.length > 0 || !(price > world.feature('highest'))) return NO_ACTIONS
      const executor = positionExecutor(config, {
        side: 'BUY',
        entry_price: price,
        amount: config.total_amount_quote / price,
        triple_barrier_config: config.exits,
      })
      return [{ type: 'create', executor }]
    }
  },
}
