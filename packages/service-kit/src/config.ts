import { randomUUID } from 'node:crypto'
import { z } from 'zod'

/** What every service reads from its environment. Keys are the variables' own names. */
const base = {
  DATABASE_URL: z.string().regex(/^postgres(ql)?:\/\//, 'must be a postgres:// or postgresql:// URL'),
  NATS_URL: z.string().regex(/^(nats|tls|ws|wss):\/\//, 'must be a nats:// URL, or several separated by commas'),
  NATS_USER: z.string().optional(),
  NATS_PASSWORD: z.string().optional(),
  HTTP_HOST: z.string().default('127.0.0.1'),
  /** 0: any free port. */
  HTTP_PORT: z.coerce.number('must be a port number').int('must be a port number').min(0).max(65_535).default(0),
  /** Host under which the edge reaches this replica; HTTP_HOST when absent. */
  ADVERTISE_HOST: z.string().optional(),
  EDGE_TOKEN: z.string('must be the secret shared with the edge'),
  COLIBRI_HOME: z.string('must be the folder of Colibri’s state'),
  INSTANCE_ID: z
    .string()
    .regex(/^[\w-]+$/, 'may hold letters, digits, _ and - only')
    .default(() => randomUUID()),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']).default('info'),
  EVENT_LOG: z.enum(['postgres', 'kurrentdb']).default('postgres'),
  KURRENTDB_URL: z.string().optional(),
  /** Seconds in-flight requests get to finish when the service is asked to stop. */
  DRAIN_SECONDS: z.coerce.number('must be a number of seconds').min(0).max(600).default(10),
  /** Given by a supervisor: the service ends when this process is no longer its parent. */
  PARENT_PID: z.coerce.number('must be a process id').int('must be a process id').positive().optional(),
  /** Crash tests only: the process ends itself with SIGKILL at the place of this name. */
  COLIBRI_FAILPOINT: z.string().optional(),
  NODE_ENV: z.string().optional(),
}

export type BaseConfig = z.infer<z.ZodObject<typeof base>>

/** The configuration schema of one service: what every service needs and its own variables. */
export const serviceConfig = <Extra extends z.core.$ZodLooseShape = Record<never, never>>(extra: Extra = {} as Extra) =>
  z.object({ ...base, ...extra }).superRefine((config, context) => {
    const { EVENT_LOG, KURRENTDB_URL } = config as Partial<BaseConfig>
    if (EVENT_LOG === 'kurrentdb' && KURRENTDB_URL === undefined) {
      const message = 'must be a kurrentdb:// URL when EVENT_LOG is kurrentdb'
      context.addIssue({ code: 'custom', path: ['KURRENTDB_URL'], message })
    }
  })

/** Every wrong variable and what would be right, one sentence each. Values are never shown: some are secrets. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  constructor(readonly problems: readonly string[]) {
    super(`wrong configuration: ${problems.join('; ')}`)
  }
}

/** Parses the environment once, at boot. An empty variable counts as absent. Throws `ConfigError`. */
export const readConfig = <C>(schema: z.ZodType<C>, env: NodeJS.ProcessEnv = process.env): C => {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''))
  const parsed = schema.safeParse(given)
  if (parsed.success) return parsed.data
  throw new ConfigError(
    parsed.error.issues.map((issue) => {
      const name = issue.path.join('.')
      const absent = given[name] === undefined ? 'is not set: it ' : ''
      return `${name} ${absent}${issue.message}`
    }),
  )
}

/** The supervisor's process id, needed before the rest of the configuration: a boot that hangs must end with it too. */
export const supervisorPid = (env: NodeJS.ProcessEnv = process.env): number | undefined =>
  base.PARENT_PID.safeParse(env.PARENT_PID || undefined).data
