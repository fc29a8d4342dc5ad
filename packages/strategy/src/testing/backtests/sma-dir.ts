import { z } from 'zod'
import type { Controller } from '../../controllers/controller.ts'
import { type DirectionalConfig, directional } from '../../controllers/directional/directional.ts'

/** The controller of the golden cases that buys below a moving average and sells above it. */
export interface SmaDirConfig extends DirectionalConfig {
  readonly length: number
  /** How far from the average, in parts of it. */
  readonly threshold: number
}

export const smaDir: Controller<SmaDirConfig> = directional({
  name: 'sma_dir',
  schema: z.custom<SmaDirConfig>(),
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

const fields = z.looseObject({
  connector_name: z.string(),
  trading_pair: z.string(),
  total_amount_quote: z.coerce.number(),
  interval: z.string(),
  length: z.number(),
  threshold: z.number(),
  max_executors_per_side: z.number(),
  cooldown_time: z.number(),
  leverage: z.number(),
  stop_loss: z.coerce.number(),
  take_profit: z.coerce.number(),
  time_limit: z.number(),
})

/** The configuration of a case. */
export const smaDirConfig = (controller: unknown): SmaDirConfig => ({
  ...fields.parse(controller),
  id: 'sma_dir',
  controller_name: 'sma_dir',
  controller_type: 'directional_trading',
  manual_kill_switch: false,
  take_profit_order_type: 'MARKET',
  trailing_stop: null,
  candles_connector: null,
  candles_trading_pair: null,
})
