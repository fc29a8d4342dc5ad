import type { z } from 'zod'
import type { Controller } from '../../controllers/controller.ts'
import { directional } from '../../controllers/directional/directional.ts'
import { controllerConfig, field } from '../../controllers/fields.ts'
import { candlesFields, DIRECTIONAL } from '../../controllers/fields-bases.ts'
import { float, integer } from '../../controllers/fields-kinds.ts'

const schema = controllerConfig('sma_dir', DIRECTIONAL, {
  ...candlesFields,
  length: field(integer, 20),
  /** How far from the average, in parts of it. */
  threshold: field(float, 0),
})
export type SmaDirConfig = z.output<typeof schema>

/** The controller of the golden cases that buys below a moving average and sells above it. */
export const smaDir: Controller<SmaDirConfig> = directional({
  name: 'sma_dir',
  schema,
  window: ({ length }) => length,
  derive: ({ length, threshold }, { close }) => {
    const sma = close.map((_, row) =>
      row + 1 < length ? Number.NaN : close.subarray(row + 1 - length, row + 1).reduce((a, b) => a + b, 0) / length,
    )
    const signal = close.map((price, row) => {
      const average = sma[row] ?? Number.NaN
      if (price < average * (1 - threshold)) return 1
      return price > average * (1 + threshold) ? -1 : 0
    })
    return [
      ['sma', sma],
      ['signal', signal],
    ]
  },
})
