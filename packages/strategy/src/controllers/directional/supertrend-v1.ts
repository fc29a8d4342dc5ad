import type { z } from 'zod'
import { slidingSuperTrend, superTrend } from '../../indicators/supertrend.ts'
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

const windowOf = ({ length }: SuperTrendV1Config): number => length + 10

/**
 * Follows the SuperTrend while the close is near its line. The columns of the line in one direction alone hold 0 where it
 * goes the other way: left empty, as the original has them, they would leave no row to trade on in a backtest. The line
 * remembers where it started: a realistic backtest starts it anew for each row, as it is done live.
 */
export const superTrendV1 = directional<SuperTrendV1Config>({
  name: 'supertrend_v1',
  schema,
  window: windowOf,
  derive: (config, candles, mode) => {
    const { length, multiplier, percentage_threshold: threshold } = config
    if (candles.length <= length) return undefined
    const { trend, direction } =
      mode === 'realistic'
        ? slidingSuperTrend(candles, length, multiplier, windowOf(config))
        : superTrend(candles, length, multiplier)
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
