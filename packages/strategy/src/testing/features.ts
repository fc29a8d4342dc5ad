import type { Candles } from '../candles.ts'
import type { Controller, ControllerConfig, Features, World } from '../controllers/controller.ts'
import { MARKET } from './world.ts'

type Settings = Readonly<Record<string, unknown>>

/** A configuration for `MARKET`. */
export const configOf = <C extends ControllerConfig>(controller: Controller<C>, settings: Settings): C =>
  controller.schema.parse({ id: 'tested', ...MARKET, ...settings })

/** What a controller derives from one series. */
export const featuresOf = <C extends ControllerConfig>(
  controller: Controller<C>,
  settings: Settings,
  candles: Candles | undefined,
  mode: World['mode'] = 'hummingbot',
): Features | undefined => controller.features?.(configOf(controller, settings), () => candles, mode)
