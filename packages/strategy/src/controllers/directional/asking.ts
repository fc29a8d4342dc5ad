import type { Candles } from '../../candles.ts'
import { MARKET } from '../../testing/world.ts'
import type { Controller, Features, World } from '../controller.ts'

/** Rows of time, open, high, low, close and volume as a series; `extra` columns hold zeros. */
export const seriesOf = (rows: readonly (readonly number[])[], extra: readonly string[] = []): Candles => {
  const column = (position: number) => Float64Array.from(rows, (row) => row[position] ?? Number.NaN)
  return {
    length: rows.length,
    timestamp: column(0),
    open: column(1),
    high: column(2),
    low: column(3),
    close: column(4),
    volume: column(5),
    extra: new Map(extra.map((name) => [name, new Float64Array(rows.length)])),
  }
}

type Settings = Readonly<Record<string, unknown>>

/** A configuration for `MARKET`. */
export const configOf = <C>(controller: { readonly schema: { parse(input: unknown): C } }, settings: Settings): C =>
  controller.schema.parse({ id: 'tested', ...MARKET, ...settings })

/** What a controller derives from one series. */
export const featuresOf = <C extends Controller>(
  controller: C,
  settings: Settings,
  candles: Candles | undefined,
  mode: World['mode'] = 'hummingbot',
): Features | undefined => controller.features?.(configOf(controller, settings), () => candles, mode)
