import { setTimeout as sleep } from 'node:timers/promises'
import type { StreamItem } from '../venue.ts'
import type { Backoff } from './backoff.ts'
import type { StreamFailure } from './interruptions.ts'

export interface Polling<T> {
  /** Asks once; `undefined`: nothing new. */
  readonly ask: () => Promise<T | undefined>
  readonly everyMs: number
  readonly failureOf: (error: unknown) => StreamFailure
  readonly backoff: Backoff
  readonly put: (item: StreamItem<T>) => void
  readonly signal: AbortSignal
}

/** Asks the venue again and again where it has no stream. Rejects with what no repetition can heal. */
export const poll = async <T>({ ask, everyMs, failureOf, backoff, put, signal }: Polling<T>): Promise<void> => {
  while (!signal.aborted) {
    try {
      const value = await ask()
      if (signal.aborted) return
      backoff.succeeded()
      if (value !== undefined) put({ kind: 'data', value })
      await sleep(everyMs * (0.9 + Math.random() / 5), undefined, { signal }).catch(() => undefined)
    } catch (error) {
      if (signal.aborted) return
      const failure = failureOf(error)
      if (failure.kind === 'fatal') throw failure.error
      if (failure.kind === 'interrupted') put({ kind: 'interrupted', reason: failure.reason, error: failure.error })
      await backoff.failed(signal)
    }
  }
}
