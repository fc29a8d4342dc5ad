import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { badRequest, nestsTooDeep, notFound } from '@colibri/service-kit'
import { parse } from 'yaml'

/** A name that stays within its folder. */
const NAME = /^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,199}$/

/** Where configurations and controllers of a user's own lie. */
export interface UserFiles {
  /** A stored configuration by its name, with or without `.yml`. Throws `ApiError`. */
  config(name: string): Promise<Readonly<Record<string, unknown>>>
  /** The text of a user's own controller; undefined when there is none. */
  controller(type: string, name: string): Promise<string | undefined>
}

export const userFiles = (home: string): UserFiles => ({
  config: async (name) => {
    const bare = name.replace(/\.yml$/, '')
    if (!NAME.test(bare) || bare.endsWith('.'))
      throw badRequest(
        `'${name.slice(0, 200)}' is no name of a controller configuration: give letters, digits, _, - and .`,
      )
    const text = await textOf(join(home, 'bots', 'conf', 'controllers', `${bare}.yml`))
    if (text === undefined) throw notFound(`Controller configuration '${bare}' not found`)
    const value = yamlOf(bare, text)
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw badRequest(`Controller configuration '${bare}' is malformed: it is no mapping of fields`)
    return { ...value }
  },
  controller: async (type, name) =>
    NAME.test(type) && NAME.test(name) ? textOf(join(home, 'bots', 'controllers', type, `${name}.ts`)) : undefined,
})

/** There is no such file, or what is there is none. */
const NO_FILE: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTDIR', 'EISDIR'])

const textOf = (path: string): Promise<string | undefined> =>
  readFile(path, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && NO_FILE.has(error.code)) return undefined
    throw error
  })

const yamlOf = (name: string, text: string): unknown => {
  try {
    // What wrote these files reads YAML 1.1.
    return writable(parse(text, { version: '1.1', maxAliasCount: 10 }))
  } catch (error) {
    const why = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
    throw badRequest(`Controller configuration '${name}' is malformed: ${why}`)
  }
}

/** The value, if JSON can be made of it. Throws when an alias stands inside what it names, and for what no body may hold. */
const writable = (value: unknown): unknown => {
  try {
    JSON.stringify(value)
  } catch {
    throw new Error('an alias stands inside what it names')
  }
  if (nestsTooDeep(value)) throw new Error('its fields nest too deep')
  return value
}
