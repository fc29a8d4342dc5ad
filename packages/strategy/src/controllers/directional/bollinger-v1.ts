import type { z } from 'zod'
import { controllerConfig } from '../fields.ts'
import { candlesFields, DIRECTIONAL } from '../fields-bases.ts'
import { bollingerColumns, bollingerFields, bollingerSignal } from './bollinger-signal.ts'
import { directional } from './directional.ts'

const schema = controllerConfig('bollinger_v1', DIRECTIONAL, { ...candlesFields, ...bollingerFields })
export type BollingerV1Config = z.output<typeof schema>

/** Buys what has fallen out of its Bollinger bands and sells what has risen out of them. */
export const bollingerV1 = directional<BollingerV1Config>({
  name: 'bollinger_v1',
  schema,
  window: (config) => config.bb_length,
  derive: (config, candles, mode) => {
    const bands = bollingerColumns(config, candles, mode)
    return bands && [...bands.columns, ['signal', bollingerSignal(config, bands.percent)]]
  },
})
