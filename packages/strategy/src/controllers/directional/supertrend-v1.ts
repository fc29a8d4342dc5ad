import type { z } from 'zod'
import { superTrend } from '../../indicators/supertrend.ts'
import { inName } from '../candle-features.ts'
import { controllerConfig, field, PROMPT } from '../fields.ts'
import { candlesFields, DIRECTIONAL } from '../fields-bases.ts'
import { float, integer } from '../fields-kinds.ts'
import { directional } from './directional.ts'

const schema = controllerConfig('supertrend_v1', DIRECTIONAL, {
  ...candlesFields,
  length: field(integer, 20, { ...PROMPT, gt: 0 }),
  multiplier: field(float, 4.0, PROMPT),
  percentage_threshold: field(float, 0.01, PROMPT),
})
export type SuperTrendV1Config = z.output<typeof schema>

/**
 * The direction is up until the line has turned for the first time. Ten rows after the average true range has begun, as
 * many as the original looks at, most of what it says is just that; after ten lengths it has found its way.
 */
const windowOf = ({ length }: SuperTrendV1Config): number => 10 * length

/**
 * Follows the SuperTrend while the close is near its line. The columns of the line in one direction alone hold 0 where it
 * goes the other way: left empty, as the original has them, they would leave no row to trade on in a backtest.
 */
export const superTrendV1 = directional<SuperTrendV1Config>({
  name: 'supertrend_v1',
  schema,
  window: windowOf,
  derive: (config, candles, mode) => {
    const { length, multiplier, percentage_threshold: threshold } = config
    if (candles.length <= length) return undefined
    const { trend, direction } = superTrend(candles, length, multiplier)
    if (mode === 'realistic') trend.fill(Number.NaN, 0, windowOf(config) - 1)
    const { close } = candles
    const distance = close.map((price, row) => Math.abs(price - (trend[row] as number)) / price)
    const lineWhile = (way: 1 | -1): Float64Array => trend.map((line, row) => (direction[row] === -way ? 0 : line))
    const name = `${length}_${inName(multiplier)}`
    return [
      [`SUPERT_${name}`, trend],
      [`SUPERTd_${name}`, direction],
      [`SUPERTl_${name}`, lineWhile(1)],
      [`SUPERTs_${name}`, lineWhile(-1)],
      ['percentage_distance', distance],
      ['signal', distance.map((share, row) => (share < threshold ? (direction[row] as number) : 0))],
    ]
  },
})
