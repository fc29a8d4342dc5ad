import { type Controller, findController } from '@colibri/strategy'
import { checkedController } from './checked-controller.ts'
import type { ControllerSource } from './job.ts'
import { loadOwn } from './sandbox.ts'

/** A controller that cannot be run, in words for its author. */
export class BadController extends Error {
  override readonly name = 'BadController'
}

type ControllerType = Controller['type']
const TYPES: readonly ControllerType[] = ['directional_trading', 'market_making', 'generic']
export const isControllerType = (type: string): type is ControllerType => TYPES.some((known) => known === type)

/** The controller itself, ready to be asked. Throws `BadController`. */
export const loadController = (source: ControllerSource): Controller => {
  if (source.kind === 'own') return ownController(source)
  const standard = isControllerType(source.type) ? findController(source.type, source.name) : undefined
  if (standard === undefined) throw new BadController(`There is no controller ${source.type}/${source.name}`)
  return standard
}

const ownController = ({ type, name, source }: Extract<ControllerSource, { kind: 'own' }>): Controller => {
  const file = `${type}/${name}.ts`
  const module = load(file, source)
  const found = [module.default, ...Object.values(module)].filter(isController)
  const controller = found.find((one) => one.name === name) ?? found[0]
  if (controller === undefined)
    throw new BadController(
      `Controller ${file} exports no controller: an object with name, type, schema, markets and start`,
    )
  if (controller.type !== type || controller.name !== name)
    throw new BadController(`Controller ${file} calls itself ${controller.type}/${controller.name}`)
  return checkedController(controller)
}

const load = (file: string, source: string): Readonly<Record<string, unknown>> => {
  try {
    return loadOwn(file, source)
  } catch (error) {
    const waits = error instanceof Error && 'code' in error && error.code === 'ERR_REQUIRE_ASYNC_MODULE'
    const why = waits ? 'it cannot await anything outside of a function' : whatOf(error, file)
    throw new BadController(`Controller ${file} cannot be loaded: ${why}`)
  }
}

const isController = (value: unknown): value is Controller =>
  typeof value === 'object' &&
  value !== null &&
  'name' in value &&
  typeof value.name === 'string' &&
  'type' in value &&
  typeof value.type === 'string' &&
  'schema' in value &&
  typeof value.schema === 'object' &&
  'markets' in value &&
  typeof value.markets === 'function' &&
  'start' in value &&
  typeof value.start === 'function'

/** What was thrown, and where in the controller's own file. Types are blanked out, so lines and columns are the author's. */
export const whatOf = (error: unknown, file: string): string => {
  if (!(error instanceof Error)) return String(error)
  const place = new RegExp(`${file.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}:(\\d+:\\d+)`).exec(error.stack ?? '')
  const words = error.name === 'Error' ? error.message : `${error.name}: ${error.message}`
  return place === null ? words : `${words} (at ${file}:${place[1]})`
}
