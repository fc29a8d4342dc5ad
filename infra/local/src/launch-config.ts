import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs, parseEnv } from 'node:util'
import { type ServiceName, serviceName } from '@colibri/contracts'
import { z } from 'zod'
import { type Detour, readDetours } from './detours.ts'
import { LaunchError } from './launch-error.ts'

export interface LaunchConfig {
  /** Absolute. All state lives below it. */
  home: string
  edgePort: number
  edgeHost: string
  username: string
  password: string
  /** Where the login comes from, in words. */
  loginSource: string
  /** Null: the generated one of this home. */
  configPassword: string | null
  replicas: Record<ServiceName, number>
  /** Ports that stand in for a server's own, for one service each: fault tests put a proxy there. */
  detours: readonly Detour[]
  /** Everything else of the environment, handed on to the services. */
  inherited: Record<string, string>
}

const environment = z.object({
  COLIBRI_HOME: z.string().default('.colibri'),
  COLIBRI_HOST: z.string().default('127.0.0.1'),
  COLIBRI_PORT: z.coerce.number('must be a port number').int('must be a port number').min(1).max(65_535).default(8000),
  CONFIG_PASSWORD: z.string().optional(),
  COLIBRI_DETOURS: z.string().default(''),
})

/** What only one process may know, or the launcher sets itself. */
const NOT_INHERITED = ['USERNAME', 'PASSWORD', 'CONFIG_PASSWORD', 'NODE_ENV', 'COLIBRI_DETOURS']

/**
 * Reads the environment, `.env` in `folder` (which never overrides a variable that is set) and the command line.
 * Throws a LaunchError that names what is wrong.
 */
export const readLaunchConfig = (
  env: Readonly<Record<string, string | undefined>>,
  args: readonly string[],
  folder: string,
): LaunchConfig => {
  const file = readEnvFile(join(folder, '.env'))
  const exported = nonEmpty(env)
  const all = { ...file, ...exported }
  const parsed = environment.safeParse(all)
  if (!parsed.success) {
    const issues = parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`)
    throw new LaunchError(`Wrong settings: ${issues.join('; ')}.`)
  }
  return {
    home: resolve(folder, parsed.data.COLIBRI_HOME),
    edgePort: parsed.data.COLIBRI_PORT,
    edgeHost: parsed.data.COLIBRI_HOST,
    ...login(exported, file),
    configPassword: parsed.data.CONFIG_PASSWORD ?? null,
    replicas: readReplicas(args, all.EVENT_LOG),
    detours: readDetours(parsed.data.COLIBRI_DETOURS),
    inherited: Object.fromEntries(Object.entries(all).filter(([name]) => !NOT_INHERITED.includes(name))),
  }
}

/**
 * Desktops and shells export USERNAME on their own, so it counts only beside a PASSWORD of the same source; the pair is
 * never mixed from two.
 */
const login = (
  exported: Record<string, string>,
  file: Record<string, string>,
): Pick<LaunchConfig, 'username' | 'password' | 'loginSource'> => {
  for (const [source, values] of [
    ['the environment', exported],
    ['.env', file],
  ] as const) {
    if (values.PASSWORD !== undefined) {
      return { username: values.USERNAME ?? 'admin', password: values.PASSWORD, loginSource: `from ${source}` }
    }
  }
  return {
    username: 'admin',
    password: 'admin',
    loginSource: 'default password; set USERNAME and PASSWORD to change it',
  }
}

const readReplicas = (args: readonly string[], eventLog: string | undefined): Record<ServiceName, number> => {
  const replicas = Object.fromEntries(serviceName.options.map((name) => [name, 1])) as Record<ServiceName, number>
  for (const part of servicesOption(args).flatMap((value) => value.split(','))) {
    const [given, count] = part.split('=')
    const name = serviceName.safeParse(given)
    const wanted = Number(count)
    if (!name.success || !Number.isInteger(wanted) || wanted < 1 || wanted > 32) {
      throw new LaunchError(
        `--services ${part} is wrong: give <service>=<1 to 32>, where the service is one of ${serviceName.options.join(', ')}.`,
      )
    }
    if (name.data === 'trading' && wanted > 1 && eventLog === 'kurrentdb') {
      throw new LaunchError(
        '--services trading can only be 1 with EVENT_LOG=kurrentdb: KurrentDB cannot fence off a trading process that was replaced.',
      )
    }
    replicas[name.data] = wanted
  }
  return replicas
}

const servicesOption = (args: readonly string[]): string[] => {
  try {
    return (
      parseArgs({ args: [...args], options: { services: { type: 'string', multiple: true } } }).values.services ?? []
    )
  } catch (error) {
    throw new LaunchError(`Wrong arguments: ${error instanceof Error ? error.message : String(error)}`)
  }
}

const readEnvFile = (path: string): Record<string, string> => {
  try {
    return nonEmpty(parseEnv(readFileSync(path, 'utf8')))
  } catch {
    return {} // there need not be one
  }
}

const nonEmpty = (values: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).filter((entry): entry is [string, string] => !!entry[1]))
