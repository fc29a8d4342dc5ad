import { type ServiceName, serviceName } from '@colibri/contracts'
import { z } from 'zod'

const jsonList = (variable: string) =>
  z.string().transform((text, context): string[] => {
    const parsed = z.array(z.string()).safeParse(parseJson(text))
    if (parsed.success) return parsed.data
    context.addIssue({ code: 'custom', message: `${variable} must be a JSON list of strings such as ["GET"]` })
    return z.NEVER
  })

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const wholeOrigin = z.string().transform((source, context): RegExp | null => {
  if (source === '') return null
  try {
    return new RegExp(`^(?:${source})$`)
  } catch {
    context.addIssue({ code: 'custom', message: `'${source}' is no regular expression` })
    return z.NEVER
  }
})

const services = z
  .string()
  .transform((text) =>
    text
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
  )
  .pipe(z.array(serviceName))

const milliseconds = z.coerce.number().int().positive()

const environment = z.object({
  GATEWAY_HOST: z.string().min(1).default('127.0.0.1'),
  GATEWAY_PORT: z.coerce.number().int().min(0).max(65_535).default(8000),
  API_USERNAME: z.string().min(1).default('admin'),
  API_PASSWORD: z.string().min(1).default('admin'),
  EDGE_TOKEN: z.string().min(1),
  NATS_URL: z.string().min(1).default('nats://127.0.0.1:4222'),
  NATS_USER: z.string().optional(),
  NATS_PASSWORD: z.string().optional(),
  CORS_ALLOW_ORIGINS: jsonList('CORS_ALLOW_ORIGINS').default([]),
  CORS_ALLOW_ORIGIN_REGEX: wholeOrigin.default(/^(?:https?:\/\/(localhost|127\.0\.0\.1)(:\d+)?)$/),
  CORS_ALLOW_CREDENTIALS: z.stringbool().default(true),
  CORS_ALLOW_METHODS: jsonList('CORS_ALLOW_METHODS').default(['*']),
  CORS_ALLOW_HEADERS: jsonList('CORS_ALLOW_HEADERS').default(['*']),
  BODY_LIMIT: z.coerce.number().int().positive().default(1_048_576),
  SERVICE_TIMEOUT_MS: milliseconds.default(30_000),
  LONG_SERVICE_TIMEOUT_MS: milliseconds.default(600_000),
  DRAIN_TIMEOUT_MS: milliseconds.default(10_000),
  REQUIRED_SERVICES: services.default(['market-data', 'trading', 'portfolio']),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  PARENT_PID: z.coerce.number().int().positive().optional(),
})

export interface CorsPolicy {
  readonly origins: readonly string[]
  readonly originPattern: RegExp | null
  readonly credentials: 'allowed' | 'withheld'
  readonly methods: readonly string[]
  readonly headers: readonly string[]
}

export interface EdgeConfig {
  readonly host: string
  readonly port: number
  readonly username: string
  readonly password: string
  readonly edgeToken: string
  readonly nats: { readonly url: string; readonly user: string | undefined; readonly password: string | undefined }
  readonly cors: CorsPolicy
  /** Bytes a request body may have. */
  readonly bodyLimit: number
  /** Milliseconds until a silent service is answered for with 504. */
  readonly timeouts: { readonly standard: number; readonly long: number }
  readonly drainTimeout: number
  /** The edge is not ready before each of these has a ready replica. */
  readonly requiredServices: readonly ServiceName[]
  readonly logLevel: string
  readonly parentPid: number | undefined
}

/** What is wrong with the configuration, as one sentence for the operator. */
export class ConfigError extends Error {}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host)

/** Reads the environment; throws a ConfigError that names every wrong variable, or the unsafe combination. */
export const readConfig = (env: NodeJS.ProcessEnv): EdgeConfig => {
  const parsed = environment.safeParse(env)
  if (!parsed.success) {
    const wrong = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')
    throw new ConfigError(`The gateway's configuration is wrong: ${wrong}.`)
  }
  const e = parsed.data
  if (!isLoopback(e.GATEWAY_HOST) && e.API_PASSWORD === 'admin') {
    throw new ConfigError(
      `Refusing to listen on ${e.GATEWAY_HOST} with the default password; set PASSWORD (and USERNAME) or listen on 127.0.0.1.`,
    )
  }
  return {
    host: e.GATEWAY_HOST,
    port: e.GATEWAY_PORT,
    username: e.API_USERNAME,
    password: e.API_PASSWORD,
    edgeToken: e.EDGE_TOKEN,
    nats: { url: e.NATS_URL, user: e.NATS_USER, password: e.NATS_PASSWORD },
    cors: {
      origins: e.CORS_ALLOW_ORIGINS,
      originPattern: e.CORS_ALLOW_ORIGIN_REGEX,
      credentials: e.CORS_ALLOW_CREDENTIALS ? 'allowed' : 'withheld',
      methods: e.CORS_ALLOW_METHODS,
      headers: e.CORS_ALLOW_HEADERS,
    },
    bodyLimit: e.BODY_LIMIT,
    timeouts: { standard: e.SERVICE_TIMEOUT_MS, long: e.LONG_SERVICE_TIMEOUT_MS },
    drainTimeout: e.DRAIN_TIMEOUT_MS,
    requiredServices: e.REQUIRED_SERVICES,
    logLevel: e.LOG_LEVEL,
    parentPid: e.PARENT_PID,
  }
}
