import { setTimeout as sleep } from 'node:timers/promises'

/** A dependency that did not come up at boot, in one sentence for the operator. */
export class BootError extends Error {
  override readonly name = 'BootError'
}

const firstMs = 50
const longestMs = 1_000

/** Tries until it works, backing off; gives up with a `BootError` after `patienceMs`. */
export const waitFor = async <T>(what: string, patienceMs: number, attempt: () => Promise<T>): Promise<T> => {
  const deadline = Date.now() + patienceMs
  for (let delay = firstMs; ; delay = Math.min(delay * 2, longestMs)) {
    try {
      return await attempt()
    } catch (error) {
      if (error instanceof BootError) throw error
      if (Date.now() + delay > deadline) {
        const reason = error instanceof Error ? reasonOf(error) : String(error)
        throw new BootError(`${what} did not answer within ${patienceMs / 1000} s: ${reason}`, { cause: error })
      }
      await sleep(delay)
    }
  }
}

const reasonOf = (error: Error): string => {
  if (error.message !== '') return error.message
  return error instanceof AggregateError ? error.errors.map(String).join(', ') : error.name
}

/** Rejects when the promise has not settled in time. The promise itself goes on; its later failure is nobody's concern. */
export const within = async <T>(what: string, ms: number, promise: Promise<T>): Promise<T> => {
  const stop = new AbortController()
  const late = sleep(ms, undefined, { signal: stop.signal }).then(
    () => Promise.reject(new Error(`${what} took longer than ${ms} ms`)),
    () => new Promise<never>(() => undefined),
  )
  try {
    return await Promise.race([promise, late])
  } finally {
    stop.abort()
  }
}
