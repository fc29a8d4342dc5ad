import type { LoggerService } from '@nestjs/common'
import { type DestinationStream, type Logger, pino } from 'pino'
import { requestContext } from './context.ts'

const secretNames = [
  'authorization',
  'cookie',
  'password',
  'passphrase',
  'secret',
  'token',
  'edgeToken',
  'apiKey',
  'api_key',
  'apiSecret',
  'api_secret',
  'secret_key',
  'secretKey',
  'private_key',
  'privateKey',
  'mnemonic',
  'credentials',
  'x-colibri-edge-token',
]

const redactedPaths = secretNames.flatMap((name) => {
  const quoted = /^\w+$/.test(name) ? name : `["${name}"]`
  const at = (prefix: string): string => (quoted.startsWith('[') ? `${prefix}${quoted}` : `${prefix}.${quoted}`)
  return [quoted, at('*'), at('*.*'), at('*.*.*')]
})

export interface LoggerOptions {
  readonly service: string
  readonly instanceId: string
  readonly level: string
}

/** JSON lines on stdout with the ids of the running request; fields that hold secrets are replaced before they are written. */
export const createLogger = ({ service, instanceId, level }: LoggerOptions, destination?: DestinationStream): Logger =>
  pino(
    {
      level,
      base: { service, instanceId },
      messageKey: 'message',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: redactedPaths, censor: '[redacted]' },
      serializers: { err: errorFields, error: errorFields },
      mixin: () => ({ ...requestContext() }),
    },
    destination ?? pino.destination({ dest: 1, sync: true }),
  )

/** Only what names an error: libraries hang requests, credentials and whole connections on their errors. */
const errorFields = (error: unknown): object => {
  if (!(error instanceof Error)) return { message: String(error) }
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {}
  const cause = error.cause === undefined ? {} : { cause: errorFields(error.cause) }
  return { type: error.name, message: error.message, stack: error.stack, ...code, ...cause }
}

const textOf = (message: unknown): string =>
  typeof message === 'string' ? message : message instanceof Error ? message.message : (JSON.stringify(message) ?? '')

/** Nest's own lines through the service's logger. Its boot chatter is of use to nobody but its debugger. */
export const nestLogger = (logger: Logger): LoggerService => {
  const fields = (rest: unknown[]): object => {
    const context = rest.at(-1)
    return { context: typeof context === 'string' ? context : 'nest' }
  }
  const withError = (message: unknown, rest: unknown[]): object =>
    message instanceof Error ? { ...fields(rest), err: message } : fields(rest)
  return {
    log: (message: unknown, ...rest: unknown[]) => logger.debug(fields(rest), textOf(message)),
    debug: (message: unknown, ...rest: unknown[]) => logger.debug(fields(rest), textOf(message)),
    verbose: (message: unknown, ...rest: unknown[]) => logger.trace(fields(rest), textOf(message)),
    warn: (message: unknown, ...rest: unknown[]) => logger.warn(withError(message, rest), textOf(message)),
    error: (message: unknown, ...rest: unknown[]) => logger.error(withError(message, rest), textOf(message)),
    fatal: (message: unknown, ...rest: unknown[]) => logger.fatal(withError(message, rest), textOf(message)),
  }
}
