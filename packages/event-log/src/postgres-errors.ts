import pg from 'pg'

/** SQLSTATE of an error the server answered with; undefined when it never answered. */
export const sqlState = (error: unknown): string | undefined =>
  error instanceof pg.DatabaseError ? error.code : undefined

export const constraintOf = (error: unknown): string | undefined =>
  error instanceof pg.DatabaseError ? error.constraint : undefined

export const isUniqueViolation = (error: unknown): boolean => sqlState(error) === '23505'

/** The server undid the transaction because of a rival; the same statement may succeed when run again. */
export const isTransient = (error: unknown): boolean => {
  const state = sqlState(error)
  return state === '40001' || state === '40P01' || state === '55P03'
}

const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOENT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
  'ENOTFOUND',
])
const connectionTexts = [
  'Connection terminated',
  'Connection ended unexpectedly',
  'timeout exceeded when trying to connect',
  'Query read timeout',
  'Client has encountered a connection error and is not queryable',
  'Client was closed and is not queryable',
  'Connection is not queryable',
]

/** The server went away, refused, was shutting down or starting up, or stayed silent: nothing is wrong with the statement. */
export const isConnectionLoss = (error: unknown): boolean => {
  const state = sqlState(error)
  if (state !== undefined) {
    return state.startsWith('08') || state.startsWith('57P') || state === '53300' || state === '25P03'
  }
  if (!(error instanceof Error)) return false
  if (error instanceof AggregateError && error.errors.some(isConnectionLoss)) return true
  if ('code' in error && typeof error.code === 'string' && networkCodes.has(error.code)) return true
  return connectionTexts.some((text) => error.message.includes(text))
}
