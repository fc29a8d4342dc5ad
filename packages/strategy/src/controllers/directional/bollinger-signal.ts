import type { Candles } from '../../candles.ts'
import { bandwidth, bollingerBands, percentB, type Stillness } from '../../indicators/bollinger.ts'
import { type Column, inName } from '../candle-features.ts'
import type { World } from '../controller.ts'
import { field, PROMPT } from '../fields.ts'
import { float, integer } from '../fields-kinds.ts'

/** The fields of everything that trades on where the close lies between its bands. */
export const bollingerFields = {
  bb_length: field(integer, 100, { ...PROMPT, gt: 0 }),
  bb_std: field(float, 2.0),
  bb_long_threshold: field(float, 0.0),
  bb_short_threshold: field(float, 1.0),
}

export interface BollingerConfig {
  readonly bb_length: number
  readonly bb_std: number
  readonly bb_long_threshold: number
  readonly bb_short_threshold: number
}

/** Where the close lies between its bands; their names as pandas_ta has them. */
export interface BollingerColumns {
  readonly percent: Float64Array
  readonly width: Float64Array
  readonly columns: readonly Column[]
}

/** The name of the bands' width, in percent of their middle. */
export const widthColumn = ({ bb_length, bb_std }: BollingerConfig): string => nameOf('BBB', bb_length, bb_std)

const nameOf = (column: string, length: number, deviations: number): string =>
  `${column}_${length}_${inName(deviations)}_${inName(deviations)}`

/** The original sees signals in every quiet hour of a cheap token; only its backtests are to have them. */
export const stillnessIn = (mode: World['mode']): Stillness => (mode === 'hummingbot' ? 'absolute' : 'relative')

/** Undefined when there are fewer candles than the bands are long. */
export const bollingerColumns = (
  { bb_length, bb_std }: BollingerConfig,
  { close, length }: Candles,
  mode: World['mode'],
): BollingerColumns | undefined => {
  if (length < bb_length) return undefined
  const stillness = stillnessIn(mode)
  const bands = bollingerBands(close, bb_length, bb_std, stillness)
  const [percent, width] = [percentB(close, bands, stillness), bandwidth(bands, stillness)]
  const values = { BBL: bands.lower, BBM: bands.middle, BBU: bands.upper, BBB: width, BBP: percent }
  const columns = Object.entries(values).map(([name, series]): Column => [nameOf(name, bb_length, bb_std), series])
  return { percent, width, columns }
}

/** Buy below the one threshold, sell above the other; sell where both hold. */
export const bollingerSignal = (
  { bb_long_threshold, bb_short_threshold }: BollingerConfig,
  percent: Float64Array,
): Float64Array =>
  percent.map((position) => (position > bb_short_threshold ? -1 : position < bb_long_threshold ? 1 : 0))
