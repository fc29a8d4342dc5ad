import {
  FencedOff,
  LogUnavailable,
  ProjectionHalted,
  ProjectionStopped,
  ProjectionTimeout,
  VersionConflict,
} from '@colibri/event-log'
import { HttpException } from '@nestjs/common'
import { ApiError, RpcError, type RpcErrorKind } from './api-error.ts'

/** What a caller is told about an error, in HTTP's words. `unexpected` errors are ours and belong in the log. */
export interface ErrorReply {
  readonly status: number
  readonly detail: ApiError['detail']
  readonly headers: Readonly<Record<string, string>>
  readonly unexpected: 'log' | 'quiet'
}

const rpcStatus = { 'not-found': 404, invalid: 400, unavailable: 503, internal: 500 } as const satisfies Record<
  RpcErrorKind,
  number
>

const internal = 'Internal Server Error'

/** The one place where an error becomes a status code. */
export const errorReply = (error: unknown): ErrorReply => {
  const reply = (status: number, detail: ApiError['detail'], headers: ErrorReply['headers'] = {}): ErrorReply => ({
    status,
    detail,
    headers,
    unexpected: status === 500 ? 'log' : 'quiet',
  })
  if (error instanceof ApiError) return reply(error.status, error.detail, error.headers)
  if (error instanceof RpcError) {
    return reply(rpcStatus[error.kind], error.kind === 'internal' ? internal : error.message)
  }
  if (error instanceof VersionConflict) return reply(503, 'Too many writers at once, try again')
  if (error instanceof FencedOff) return reply(503, 'Another process has taken over: send the request again')
  if (error instanceof ProjectionTimeout || error instanceof ProjectionStopped || error instanceof ProjectionHalted) {
    return reply(503, 'The newest changes are stored but cannot be shown yet, read again later')
  }
  const lost = lostDependency(error)
  if (lost) return { ...reply(503, `${lost} unavailable`), unexpected: 'log' }
  if (error instanceof HttpException) return reply(error.getStatus(), statusText(error))
  const status = httpStatus(error)
  return status === undefined ? reply(500, internal) : reply(status, error instanceof Error ? error.message : internal)
}

/** The same for a caller over NATS. */
export const rpcErrorReply = (error: unknown): { kind: RpcErrorKind; message: string } => {
  const { status, detail } = errorReply(error)
  const kinds: Readonly<Record<number, RpcErrorKind>> = { 404: 'not-found', 400: 'invalid', 422: 'invalid' }
  const kind = kinds[status] ?? (status >= 502 ? 'unavailable' : status >= 500 ? 'internal' : 'invalid')
  const message = typeof detail === 'string' ? detail : error instanceof Error ? error.message : internal
  return { kind, message }
}

const statusText = (error: HttpException): string => {
  const texts: Readonly<Record<number, string>> = { 400: 'Bad Request', 404: 'Not Found', 500: internal }
  return texts[error.getStatus()] ?? error.message
}

/** Errors of Express and its parsers (a path that is not percent-encoded right) carry their own status. */
const httpStatus = (error: unknown): number | undefined => {
  const status = error instanceof Error && 'status' in error ? error.status : undefined
  return typeof status === 'number' && status >= 400 && status < 500 ? status : undefined
}

const socketCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
])
/** Connection exceptions, shutdown, crash, starting up, too many connections, a statement that ran out of time, read-only standby, a transaction left idle. */
const sqlStates = /^(08...|57P0[1-5]|53300|57014|25006|25P03)$/
const lostConnection =
  /Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client was closed|not queryable|Cannot use a pool after calling end/i
const natsErrors = new Set([
  'NoResponders',
  'TimeoutError',
  'ClosedConnectionError',
  'DrainingConnectionError',
  'ConnectionError',
  'RequestError',
])

const lostDependency = (error: unknown): string | undefined => {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth += 1) {
    if (cause instanceof LogUnavailable || cause instanceof ProjectionHalted) return 'Event log'
    const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : ''
    if (sqlStates.test(code) || lostConnection.test(cause.message)) return 'Database'
    if (natsErrors.has(cause.name)) return 'Messaging'
    if (cause.name === 'UnavailableError') return 'Event log'
    if (socketCodes.has(code)) return 'Database'
    if (cause instanceof AggregateError && cause.errors.length > 0) {
      const [first] = cause.errors
      const lost = lostDependency(first)
      if (lost) return lost
    }
  }
  return undefined
}
