import { ErrorType, isCommandError, WrongExpectedVersionError } from '@kurrent/kurrentdb-client'

const unreachable: ReadonlySet<ErrorType> = new Set([
  ErrorType.UNAVAILABLE,
  ErrorType.DEADLINE_EXCEEDED,
  ErrorType.TIMEOUT,
  ErrorType.CANCELLED,
  ErrorType.NOT_LEADER,
])

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
  // What the client throws when no member of a cluster answers its search for the leader has no type.
  return error.message.startsWith('Failed to discover')
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
