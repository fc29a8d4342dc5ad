import type { z } from 'zod'
import { bollingerBands, percentB } from '../../indicators/bollinger.ts'
import { controllerConfig } from '../fields.ts'
import { candlesFields, DIRECTIONAL } from '../fields-bases.ts'
import { bollingerFields, bollingerSignal, stillnessIn } from './bollinger-signal.ts'
import { directional } from './directional.ts'

const schema = controllerConfig('bollinger_v2', DIRECTIONAL, { ...candlesFields, ...bollingerFields })
export type BollingerV2Config = z.output<typeof schema>

/** The rule of bollinger_v1; its columns have other names, and it is shown five times as many candles. */
export const bollingerV2 = directional<BollingerV2Config>({
  name: 'bollinger_v2',
  schema,
  window: (config) => 5 * config.bb_length,
  derive: (config, { close, length }, mode) => {
    if (length < config.bb_length) return undefined
    const stillness = stillnessIn(mode)
    const bands = bollingerBands(close, config.bb_length, config.bb_std, stillness)
    const percent = percentB(close, bands, stillness)
    return [
      ['upperband', bands.upper],
      ['middleband', bands.middle],
      ['lowerband', bands.lower],
      ['percent', percent],
      ['signal', bollingerSignal(config, percent)],
    ]
  },
})
