import type { z } from 'zod'
import type { CandleFeed } from '../../candles.ts'
import type { TripleBarrier } from '../../executors/executor-config.ts'
import { positionExecutor } from '../../executors/position-executor.ts'
import { sma } from '../../indicators/sma.ts'
import { nearest, over } from '../../numbers/exact.ts'
import { candleFeatures } from '../candle-features.ts'
import { type Controller, NO_ACTIONS } from '../controller.ts'
import { controllerConfig, field, GENERIC, PROMPT } from '../fields.ts'
import { candlesFields } from '../fields-bases.ts'
import { integer, text } from '../fields-kinds.ts'
import { candlesFeed, ownMarket } from '../own-market.ts'

const schema = controllerConfig(
  'examples.sma_cross',
  GENERIC,
  {
    connector_name: field(text, 'binance', PROMPT),
    trading_pair: field(text, 'BTC-USDT', PROMPT),
    ...candlesFields,
    fast: field(integer, 12, { ...PROMPT, gt: 0 }),
    slow: field(integer, 26, { ...PROMPT, gt: 0 }),
    leverage: field(integer, 1, PROMPT),
  },
  ({ fast, slow }) =>
    fast < slow ? [] : [{ field: 'fast', why: `fast must be less than slow: ${fast} is not less than ${slow}` }],
)
export type SmaCrossConfig = z.output<typeof schema>

const feedOf = (config: SmaCrossConfig): CandleFeed => candlesFeed(config, config.slow + 1)

/** 1 on the row on which the fast average has come above the slow one, -1 on that on which it has come below, else 0. */
const crossings = (fast: Float64Array, slow: Float64Array): Float64Array => {
  const above = fast.map((average, row) => average - (slow[row] as number))
  return above.map((now, row) => {
    const before = above[row - 1] ?? Number.NaN
    return now > 0 && before <= 0 ? 1 : now < 0 && before >= 0 ? -1 : 0
  })
}

const NO_BARRIERS: TripleBarrier = {
  stop_loss: null,
  take_profit: null,
  time_limit: null,
  trailing_stop: null,
  open_order_type: 'MARKET',
  take_profit_order_type: 'MARKET',
  stop_loss_order_type: 'MARKET',
  time_limit_order_type: 'MARKET',
}

/**
 * The oldest of strategies, as an example of a controller in one file: buys with everything when the fast moving average
 * crosses above the slow one, and sells all of it when it crosses below.
 */
export const smaCross: Controller<SmaCrossConfig> = {
  name: 'examples.sma_cross',
  type: 'generic',
  schema,
  markets: ownMarket,
  feeds: (config) => [feedOf(config)],
  features: (config, candles) => {
    const series = candles(feedOf(config))
    if (!series || series.length <= config.slow) return undefined
    const [fast, slow] = [sma(series.close, config.fast), sma(series.close, config.slow)]
    return candleFeatures(series, [
      [`SMA_${config.fast}`, fast],
      [`SMA_${config.slow}`, slow],
      ['signal', crossings(fast, slow)],
    ])
  },
  start: (config) => {
    return (world) => {
      const signal = world.feature('signal')
      const { active } = world
      if (signal === -1 && active.length > 0) {
        return active
          .filter((executor) => executor.isActive)
          .map((executor) => ({ type: 'stop', executor, keepPosition: false }))
      }
      const price = world.mid(config)
      if (signal !== 1 || active.length > 0 || !(price > 0)) return NO_ACTIONS
      const amount = nearest(over(config.total_amount_quote, price))
      const executor = positionExecutor(config, {
        side: 'BUY',
        entry_price: price,
        amount,
        triple_barrier_config: NO_BARRIERS,
      })
      return [{ type: 'create', executor }]
    }
  },
}
