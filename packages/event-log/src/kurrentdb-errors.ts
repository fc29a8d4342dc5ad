import { ErrorType, isCommandError, WrongExpectedVersionError } from '@kurrent/kurrentdb-client'

const unreachable: ReadonlySet<ErrorType> = new Set([
  ErrorType.UNAVAILABLE,
  ErrorType.DEADLINE_EXCEEDED,
  ErrorType.TIMEOUT,
  ErrorType.CANCELLED,
  ErrorType.NOT_LEADER,
])

/** gRPC's CANCELLED, DEADLINE_EXCEEDED, ABORTED, INTERNAL, UNAVAILABLE and DATA_LOSS, as the client reads them. */
const unreachableCodes: ReadonlySet<number> = new Set([1, 4, 10, 13, 14, 15])

/** A call that was given up after its time. What it asked for may still happen. */
export class CallTimeout extends Error {
  override readonly name = 'CallTimeout'
  constructor(ms: number) {
    super(`no answer within ${ms} ms`)
  }
}

/** The server could not be reached, or did not answer: whether an append took effect is not known. */
export const isUnreachable = (error: unknown): boolean => {
  if (error instanceof CallTimeout) return true
  if (!(error instanceof Error)) return false
  if (isCommandError(error)) return unreachable.has(error.type)
  // The client asks for the server's features before it appends, and passes on what gRPC says of that call as it is.
  if ('code' in error && typeof error.code === 'number') return unreachableCodes.has(error.code)
  // Neither no answer from any member of a cluster nor a connection closed by another call's failure has a type.
  return error.message.startsWith('Failed to discover') || error.message.includes('Channel has been shut down')
}

/** Another writer was faster, or the expectation was wrong from the start. */
export const isWrongVersion = (error: unknown): boolean => error instanceof WrongExpectedVersionError

/** The call's result, or `CallTimeout` after `ms`: the client's reads know no deadline of their own. */
export const withinTime = async <T>(ms: number, call: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new CallTimeout(ms)), ms)
  })
  try {
    return await Promise.race([call, timeout])
  } finally {
    clearTimeout(timer)
  }
}
