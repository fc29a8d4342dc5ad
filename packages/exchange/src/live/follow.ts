import type { Interruption, StreamItem } from '../venue.ts'
import type { Backoff } from './backoff.ts'
import { NothingCame, type StreamFailure } from './interruptions.ts'

/** `left`: nobody reads it any more. `lost`: the connection went. Otherwise what made it worthless while the connection stands. */
export type Forgetting = 'left' | 'lost' | Interruption

/** One subscription at the venue, as ccxt offers it: a call for each next value. */
export interface Subscription<T> {
  /** Resolves with the next value; `undefined` is one that means nothing here. */
  next(): Promise<T | undefined>
  /** Makes the venue and ccxt forget the subscription, so that the next one begins anew. */
  forget(why: Forgetting): Promise<void>
  /** Takes the function that makes the attempt fail although nobody waits for its next value. */
  failingBy?(fail: (error: unknown) => void): void
  /** Longest wait for the first value; for streams that say nothing while nothing happens it is undefined. */
  readonly firstWithinMs?: number
}

export interface Following<T> {
  /** `null` where the exchange has no such stream. */
  readonly open: () => Promise<Subscription<T> | null>
  readonly failureOf: (error: unknown) => StreamFailure
  readonly backoff: Backoff
  readonly put: (item: StreamItem<T>) => void
  readonly signal: AbortSignal
}

const aborted = Symbol('aborted')

/** Reads one subscription until it fails; resolves only with the failure. */
const drain = <T>(subscription: Subscription<T>, following: Following<T>): Promise<unknown> =>
  new Promise((resolve) => {
    let settled = false
    const finish = (reason: unknown): void => {
      settled = true
      clearTimeout(timer)
      following.signal.removeEventListener('abort', abort)
      resolve(reason)
    }
    const abort = (): void => finish(aborted)
    const { firstWithinMs } = subscription
    const timer =
      firstWithinMs === undefined
        ? undefined
        : setTimeout(() => finish(new NothingCame(`nothing within ${firstWithinMs} ms`)), firstWithinMs)
    following.signal.addEventListener('abort', abort, { once: true })
    subscription.failingBy?.(finish)

    // Callbacks, not a loop: nothing is left waiting when the attempt ends between two values.
    const arm = (): void => {
      subscription.next().then((value) => {
        if (settled) return
        clearTimeout(timer)
        if (value !== undefined) {
          following.backoff.succeeded()
          following.put({ kind: 'data', value })
        }
        arm()
      }, finish)
    }
    if (following.signal.aborted) abort()
    else arm()
  })

/**
 * Follows one subscription for ever: subscribes, hands on what comes, says `interrupted` and begins anew. Resolves with
 * `unsupported` where the exchange has no such stream; rejects with what no reconnection can heal.
 */
export const follow = async <T>(following: Following<T>): Promise<'aborted' | 'unsupported'> => {
  const { signal, put, failureOf, backoff } = following
  while (!signal.aborted) {
    let subscription: Subscription<T> | null | undefined
    let reason: unknown
    try {
      subscription = await following.open()
      if (subscription === null) return 'unsupported'
      reason = await drain(subscription, following)
    } catch (error) {
      reason = error
    }
    if (reason === aborted || signal.aborted) {
      await subscription?.forget('left')
      break
    }
    const failure = failureOf(reason)
    if (failure.kind === 'fatal') throw failure.error
    if (failure.kind === 'unsupported') return 'unsupported'
    const { reason: interruption, error, connection } = failure
    put({ kind: 'interrupted', reason: interruption, error })
    await subscription?.forget(connection === 'lost' ? 'lost' : interruption)
    await backoff.failed(signal)
  }
  return 'aborted'
}
