import type { z } from 'zod'
import { type Macd, macd, slidingMacd } from '../../indicators/macd.ts'
import type { World } from '../controller.ts'
import { controllerConfig, field, PROMPT } from '../fields.ts'
import { candlesFields, DIRECTIONAL } from '../fields-bases.ts'
import { integer } from '../fields-kinds.ts'
import { bollingerColumns, bollingerFields } from './bollinger-signal.ts'
import { directional } from './directional.ts'

const schema = controllerConfig('macd_bb_v1', DIRECTIONAL, {
  ...candlesFields,
  ...bollingerFields,
  macd_fast: field(integer, 21, { ...PROMPT, gt: 0 }),
  macd_slow: field(integer, 42, { ...PROMPT, gt: 0 }),
  macd_signal: field(integer, 9, { ...PROMPT, gt: 0 }),
})
export type MacdBBV1Config = z.output<typeof schema>

const windowOf = ({ macd_fast, macd_slow, macd_signal, bb_length }: MacdBBV1Config): number =>
  Math.max(macd_slow, macd_fast, macd_signal, bb_length) + 20

/** The MACD remembers where it started: a realistic backtest starts it anew for each row, as it is done live. */
const turnsOf = (config: MacdBBV1Config, close: Float64Array, mode: World['mode']): Macd => {
  const lengths = { fast: config.macd_fast, slow: config.macd_slow, signal: config.macd_signal }
  return mode === 'realistic' ? slidingMacd(close, lengths, windowOf(config)) : macd(close, lengths)
}

/** At the edge of the bands, and the MACD has begun to turn back from that side. */
const signalOf = (config: MacdBBV1Config, percent: Float64Array, { line, histogram }: Macd): Float64Array =>
  percent.map((position, row) => {
    const [trend, momentum] = [line[row] as number, histogram[row] as number]
    if (position > config.bb_short_threshold && momentum < 0 && trend > 0) return -1
    return position < config.bb_long_threshold && momentum > 0 && trend < 0 ? 1 : 0
  })

/** Buys at the lower band when the MACD is below nothing and rising, and sells the other way round. */
export const macdBBV1 = directional<MacdBBV1Config>({
  name: 'macd_bb_v1',
  schema,
  window: windowOf,
  derive: (config, candles, mode) => {
    const { macd_fast, macd_slow, macd_signal } = config
    const bands = bollingerColumns(config, candles, mode)
    if (bands === undefined || candles.length < Math.max(macd_slow, macd_fast) + macd_signal - 1) return undefined
    const turns = turnsOf(config, candles.close, mode)
    const lengths = `${macd_fast}_${macd_slow}_${macd_signal}`
    return [
      ...bands.columns,
      [`MACD_${lengths}`, turns.line],
      [`MACDh_${lengths}`, turns.histogram],
      [`MACDs_${lengths}`, turns.signal],
      ['signal', signalOf(config, bands.percent, turns)],
    ]
  },
})
