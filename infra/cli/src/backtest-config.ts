import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { CONTROLLERS, type Controller, type ControllerConfig, shownConfig, type TradingRules } from '@colibri/strategy'
import { parse } from 'yaml'
import { z } from 'zod'
import { nearest } from './nearest.ts'

/** A configuration or a file around it is wrong; the message says what and where. */
export class ConfigWrong extends Error {
  override readonly name = 'ConfigWrong'
}

export interface ReadConfig {
  readonly config: ControllerConfig
  /** As a user would write it, with the defaults of what was left out. */
  readonly shown: Readonly<Record<string, unknown>>
}

type Fields = Readonly<Record<string, unknown>>

/** The standard controller of a name. Throws `ConfigWrong` with the names that are near. */
export const standardController = (name: string): Controller => {
  const found = CONTROLLERS.find((controller) => controller.name === name)
  if (found !== undefined) return found
  const names = CONTROLLERS.map((controller) => controller.name)
  const near = nearest(name, names)
  throw new ConfigWrong(
    near.length > 0
      ? `There is no controller ${name}. Did you mean ${near.join(' or ')}?`
      : `There is no controller ${name}; there are ${[...names].sort().join(', ')}. Your own is given as a file: ./${name}.ts.`,
  )
}

/** The configuration in a file, with the fields that were set apart. Throws `ConfigWrong`, every wrong field named. */
export const readConfig = async (
  controller: Controller,
  file: string | undefined,
  set: readonly (readonly [field: string, value: string])[],
): Promise<ReadConfig> => {
  const written = file === undefined ? {} : await mappingIn(file)
  const given = { ...written, ...Object.fromEntries(set.map(([field, text]) => [field, yaml(`--set ${field}`, text)])) }
  for (const [field, own] of [
    ['controller_name', controller.name],
    ['controller_type', controller.type],
  ] as const) {
    const said = (given as Fields)[field]
    if (said !== undefined && said !== own)
      throw new ConfigWrong(
        `${field} is ${JSON.stringify(said)} in the configuration of ${controller.type}/${controller.name}.`,
      )
  }
  const result = controller.schema.safeParse({
    // An executor's id comes from it.
    id: file === undefined ? controller.name : basename(file).replace(/\.[^.]*$/, ''),
    ...given,
    controller_name: controller.name,
    controller_type: controller.type,
  })
  if (!result.success) throw new ConfigWrong(problems(result.error, file, given))
  return { config: result.data, shown: shownConfig(controller, given) }
}

/** The rules of the venue for the traded market. Throws `ConfigWrong`. */
export const readRules = async (file: string): Promise<TradingRules> => {
  const size = z.coerce.number().nonnegative()
  const rules = z.strictObject({
    min_order_size: size,
    min_price_increment: size,
    min_base_amount_increment: size,
    min_notional_size: size,
  })
  const given = await mappingIn(file)
  const result = rules.safeParse(given)
  if (!result.success) throw new ConfigWrong(problems(result.error, file, given))
  return result.data
}

const mappingIn = async (file: string): Promise<Fields> => {
  const value = yaml(file, await readFile(file, 'utf8'))
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ConfigWrong(`${file} holds no fields with values.`)
  return { ...value }
}

/** YAML 1.1, which is what Hummingbot writes; JSON is YAML too. */
const yaml = (where: string, text: string): unknown => {
  try {
    return withoutCircle(parse(text, { version: '1.1', maxAliasCount: 10 }))
  } catch (error) {
    throw new ConfigWrong(`${where} is no YAML: ${error instanceof Error ? error.message.trim() : String(error)}`)
  }
}

/** The value, if JSON can be made of it. Throws when an alias stands inside what it names. */
const withoutCircle = (value: unknown): unknown => {
  try {
    JSON.stringify(value)
  } catch {
    throw new Error('an alias stands inside what it names')
  }
  return value
}

const problems = (error: z.ZodError, file: string | undefined, given: Fields): string => {
  const lines = error.issues.map(({ path, message }) => {
    const [field] = path
    const value = typeof field === 'string' && field in given ? ` (it is ${JSON.stringify(given[field])})` : ''
    return `  ${path.length === 0 ? 'the whole' : path.map(String).join('.')}: ${message}${value}`
  })
  return `The configuration${file === undefined ? '' : ` in ${file}`} is wrong:\n${lines.join('\n')}`
}
