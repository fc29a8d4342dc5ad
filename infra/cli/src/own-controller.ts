import { registerHooks } from 'node:module'
import { basename } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Controller } from '@colibri/strategy'
import { ConfigWrong } from './backtest-config.ts'

/** What a controller imports, wherever its file lies. */
const OURS: ReadonlyMap<string, string> = new Map(
  ['@colibri/strategy', 'zod'].map((name) => [name, import.meta.resolve(name)]),
)

/**
 * The controller in a file of the user's own, TypeScript or JavaScript. It runs with the rights of whoever runs it here; the
 * service shuts it in. Throws `ConfigWrong`.
 */
export const ownController = async (file: string): Promise<Controller> => {
  const exported: unknown = await load(file)
  const found = Object.values(Object(exported)).find(isController)
  if (found === undefined)
    throw new ConfigWrong(`${file} exports no controller: an object with name, type, schema, markets and start.`)
  return found
}

const load = async (file: string): Promise<unknown> => {
  const hooks = registerHooks({
    resolve: (specifier, context, next) => next(OURS.get(specifier) ?? specifier, context),
  })
  try {
    return await import(pathToFileURL(file).href)
  } catch (error) {
    if (
      error instanceof Error &&
      'code' in error &&
      error.code === 'ERR_MODULE_NOT_FOUND' &&
      error.message.includes(file)
    )
      throw new ConfigWrong(`There is no file ${file}.`)
    throw new ConfigWrong(`${file}${placeOf(error, file)}: ${error instanceof Error ? error.message : String(error)}`)
  } finally {
    hooks.deregister()
  }
}

/** What a controller in a file threw while it ran, with the place; anything else as it is. */
export const thrownBy = (file: string, error: unknown): unknown => {
  const place = placeOf(error, file)
  return place === '' ? error : new ConfigWrong(`${file}${place}: ${error instanceof Error ? error.message : ''}`)
}

/** Where in a file something was thrown. */
const placeOf = (error: unknown, file: string): string => {
  const [, after] = error instanceof Error ? (error.stack ?? '').split(`${basename(file)}:`) : []
  const line = /^\d+/.exec(after ?? '')
  return line === null ? '' : `, line ${line[0]}`
}

const isController = (value: unknown): value is Controller =>
  typeof value === 'object' &&
  value !== null &&
  'name' in value &&
  'type' in value &&
  'schema' in value &&
  'markets' in value &&
  typeof value.markets === 'function' &&
  'start' in value &&
  typeof value.start === 'function'
