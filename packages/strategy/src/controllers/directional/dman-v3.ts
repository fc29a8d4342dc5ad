import type { z } from 'zod'
import type { TrailingStop } from '../../executors/executor-config.ts'
import { lastOf } from '../../indicators/series.ts'
import { minus, nearest, plus, times } from '../../numbers/exact.ts'
import type { World } from '../controller.ts'
import { controllerConfig, field, PROMPT } from '../fields.ts'
import { candlesFields, DIRECTIONAL } from '../fields-bases.ts'
import { bool, decimal, exactDecimal, listOf, named, optional } from '../fields-kinds.ts'
import { trailingStop } from '../fields-models.ts'
import { sharesOf, weightsOf, wrongWeights } from '../weights.ts'
import { bollingerColumns, bollingerFields, bollingerSignal } from './bollinger-signal.ts'
import { directional, type Open } from './directional.ts'

const choice = field(named('bool', optional(bool)), null, PROMPT)

const schema = controllerConfig(
  'dman_v3',
  DIRECTIONAL,
  {
    ...candlesFields,
    ...bollingerFields,
    trailing_stop: field(trailingStop, '0.015,0.005', PROMPT),
    dca_spreads: field(listOf(exactDecimal), '0.001,0.018,0.15,0.25', PROMPT),
    dca_amounts_pct: field(named('List[Decimal]', optional(listOf(decimal))), null, PROMPT),
    dynamic_order_spread: choice,
    dynamic_target: choice,
    activation_bounds: field(optional(listOf(decimal)), null, PROMPT),
  },
  (config) => wrongWeights(['dca_amounts_pct', config.dca_amounts_pct], ['dca_spreads', config.dca_spreads]),
)
export type DManV3Config = z.output<typeof schema>

const MULTIPLIER = '_spread_multiplier'

const scaled = (stop: TrailingStop | null, by: number): TrailingStop | null =>
  stop && { activation_price: stop.activation_price * by, trailing_delta: stop.trailing_delta * by }

const openLadder = (config: DManV3Config): Open => {
  const { connector_name, trading_pair, leverage, time_limit, activation_bounds } = config
  const shares = sharesOf(weightsOf(config.dca_spreads, config.dca_amounts_pct))
  return (side, price, amount, world) => {
    const multiplier = config.dynamic_order_spread === true ? world.feature(MULTIPLIER) : 1
    const target = config.dynamic_target === true ? multiplier : 1
    const total = times(amount, price)
    const away = side === 'BUY' ? minus : plus
    return {
      type: 'dca_executor',
      connector_name,
      trading_pair,
      side,
      leverage,
      level_id: null,
      amounts_quote: shares.map((share) => nearest(times(share, total))),
      prices: config.dca_spreads.map((spread) => times(price, away(1, times(spread, multiplier)))),
      take_profit: null,
      stop_loss: config.stop_loss && config.stop_loss * target,
      trailing_stop: scaled(config.trailing_stop, target),
      time_limit,
      mode: 'MAKER',
      activation_bounds,
    }
  }
}

/**
 * What the spreads are multiplied by: half the bands' width. The original's backtests know that of their last row from
 * the beginning.
 */
const multipliers = (width: Float64Array, mode: World['mode']): Float64Array =>
  mode === 'hummingbot' ? new Float64Array(width.length).fill(lastOf(width) / 200) : width.map((value) => value / 200)

/** The signal of bollinger_v1, answered with a ladder of limit orders; no profit is taken but by its trailing stop. */
export const dmanV3 = directional<DManV3Config>({
  name: 'dman_v3',
  schema,
  window: (config) => config.bb_length,
  derive: (config, candles, mode) => {
    const bands = bollingerColumns(config, candles, mode)
    if (bands === undefined) return undefined
    const signal = bollingerSignal(config, bands.percent)
    const columns = [...bands.columns, ['signal', signal] as const]
    return config.dynamic_order_spread === true ? [...columns, [MULTIPLIER, multipliers(bands.width, mode)]] : columns
  },
  open: openLadder,
})
