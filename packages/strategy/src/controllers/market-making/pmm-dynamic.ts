import type { z } from 'zod'
import type { CandleFeed, Candles } from '../../candles.ts'
import type { MacdLengths } from '../../indicators/macd.ts'
import { slidingTrendShift, trendShift } from '../../indicators/trend-shift.ts'
import { candleFeatures } from '../candle-features.ts'
import type { Controller } from '../controller.ts'
import { controllerConfig, field, PROMPT, UPDATABLE_PROMPT } from '../fields.ts'
import { candlesFields, MARKET_MAKING } from '../fields-bases.ts'
import { float, integer, listOf } from '../fields-kinds.ts'
import { candlesFeed, ownMarket } from '../own-market.ts'
import { marketMaking, positionsAtLevels } from './market-making.ts'

const schema = controllerConfig('pmm_dynamic', MARKET_MAKING, {
  buy_spreads: field(listOf(float), '1,2,4', UPDATABLE_PROMPT),
  sell_spreads: field(listOf(float), '1,2,4', UPDATABLE_PROMPT),
  ...candlesFields,
  macd_fast: field(integer, 21, { ...PROMPT, gt: 0 }),
  macd_slow: field(integer, 42, { ...PROMPT, gt: 0 }),
  macd_signal: field(integer, 9, { ...PROMPT, gt: 0 }),
  natr_length: field(integer, 14, { ...PROMPT, gt: 0 }),
})
export type PmmDynamicConfig = z.output<typeof schema>

const feedOf = (config: PmmDynamicConfig): CandleFeed =>
  candlesFeed(config, Math.max(config.macd_slow, config.macd_fast, config.macd_signal, config.natr_length) + 100)

const lengthsOf = (config: PmmDynamicConfig): MacdLengths => ({
  fast: config.macd_fast,
  slow: config.macd_slow,
  signal: config.macd_signal,
})

/** Where the orders lie around and how far apart, row by row. */
interface Middle {
  readonly reference: Float64Array
  readonly spread: Float64Array
}

/** The shift of the last row on all rows. Live only the last row is looked at; in a backtest the others look ahead. */
const shiftedByTheLast = (config: PmmDynamicConfig, candles: Candles): Middle => {
  const { shift, volatility } = trendShift(candles, lengthsOf(config), config.natr_length)
  return { reference: candles.close.map((close) => close * (1 + shift)), spread: volatility }
}

/** Each row as it was seen live: from the rows of its own window, and from none that came later. */
const shiftedByEach = (config: PmmDynamicConfig, candles: Candles, window: number): Middle => {
  const { shift, volatility } = slidingTrendShift(candles, lengthsOf(config), config.natr_length, window)
  return { reference: candles.close.map((close, row) => close * (1 + (shift[row] as number))), spread: volatility }
}

const features: NonNullable<Controller<PmmDynamicConfig>['features']> = (config, candles, mode) => {
  const feed = feedOf(config)
  const series = candles(feed)
  if (!series || series.length < Math.max(config.macd_slow, config.macd_fast) + config.macd_signal - 1) return undefined
  const { reference, spread } =
    mode === 'realistic' ? shiftedByEach(config, series, feed.window) : shiftedByTheLast(config, series)
  return candleFeatures(series, [
    ['spread_multiplier', spread],
    ['reference_price', reference],
  ])
}

/**
 * As pmm_simple, but its spreads are in units of the average true range, and the price they lie around is the last close,
 * moved against the MACD and with its momentum. The barriers stay as they are configured.
 */
export const pmmDynamic: Controller<PmmDynamicConfig> = {
  name: 'pmm_dynamic',
  type: 'market_making',
  schema,
  markets: ownMarket,
  feeds: (config) => [feedOf(config)],
  features,
  start: (config) =>
    marketMaking(config, {
      reference: (world) => world.feature('reference_price'),
      spreadMultiplier: (world) => world.feature('spread_multiplier'),
      executor: positionsAtLevels(config),
    }),
}
