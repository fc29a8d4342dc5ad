import { z } from 'zod'
import type { SimulatorOptions } from './simulator.ts'

const port = 'must be a port number'

/** What the simulator reads from its environment. Keys are the variables' own names. */
const environment = z.object({
  /** 0: any free port. */
  SIMULATOR_PORT: z.coerce.number(port).int(port).min(0, port).max(65_535, port).default(0),
  SIMULATOR_HOST: z.string().default('127.0.0.1'),
  /** Where the journal lives; without it nothing outlives the process. */
  SIMULATOR_STATE_DIR: z.string().optional(),
  SIMULATOR_API_KEY: z.string().optional(),
  SIMULATOR_API_SECRET: z.string().optional(),
  SIMULATOR_SEED: z.coerce.number('must be a whole number').int('must be a whole number').default(1),
  /** Exchange seconds in a second. */
  SIMULATOR_SPEED: z.coerce.number('must be a number').min(0, 'must not be negative').default(1),
  SIMULATOR_CONTROL_TOKEN: z.string().optional(),
})

/** Every wrong variable and what would be right, in one sentence. Values are never shown: some are secrets. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** Parses the environment once, at start. An empty variable counts as absent. Throws `ConfigError`. */
export const readConfig = (env: Readonly<Record<string, string | undefined>> = process.env): SimulatorOptions => {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''))
  const parsed = environment.safeParse(given)
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`)
    throw new ConfigError(`wrong configuration: ${problems.join('; ')}`)
  }
  const config = parsed.data
  return {
    port: config.SIMULATOR_PORT,
    host: config.SIMULATOR_HOST,
    seed: config.SIMULATOR_SEED,
    speed: config.SIMULATOR_SPEED,
    ...(config.SIMULATOR_STATE_DIR === undefined ? {} : { stateDir: config.SIMULATOR_STATE_DIR }),
    ...(config.SIMULATOR_API_KEY === undefined ? {} : { apiKey: config.SIMULATOR_API_KEY }),
    ...(config.SIMULATOR_API_SECRET === undefined ? {} : { apiSecret: config.SIMULATOR_API_SECRET }),
    ...(config.SIMULATOR_CONTROL_TOKEN === undefined ? {} : { controlToken: config.SIMULATOR_CONTROL_TOKEN }),
  }
}
