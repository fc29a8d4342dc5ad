import { AsyncLocalStorage } from 'node:async_hooks'
import type { Priority } from './rate-budget/rate-limit.ts'

/** What one call did on the wire: only this says whether a failed order may exist. */
export interface WireCall {
  sent: number
  /** Status of the last reply that arrived. */
  status: number | null
  /** The reply was JSON, that is, the venue itself spoke. */
  structured: boolean
  /** Set once the caller has been answered: nothing may be sent any more. */
  closed: boolean
  /** Who goes first when the venue's rate budget is short; the exchange's own priority when absent. */
  readonly priority?: Priority
  /** The end of the pause that the venue asked for in its reply, epoch milliseconds. */
  pausedUntil?: number | null
}

/** Nothing was sent, and nothing will be. */
export class NotSent extends Error {
  override readonly name = 'NotSent'
}

/** The hard timeout passed; the request may still be under way. */
export class HardTimeout extends Error {
  override readonly name = 'HardTimeout'
}

const calls = new AsyncLocalStorage<WireCall>()

/** The call under way, if the code runs inside `onTheWire`. */
export const currentWireCall = (): WireCall | undefined => calls.getStore()

/**
 * Runs one venue call under a hard timeout, which also covers the body of the reply and everything that ccxt does before
 * sending. After the timeout the call can send nothing more.
 */
export const onTheWire = async <T>(
  timeoutMs: number,
  run: () => Promise<T>,
  priority?: Priority,
): Promise<{ readonly wire: WireCall } & ({ readonly value: T } | { readonly error: unknown })> => {
  const wire: WireCall = {
    sent: 0,
    status: null,
    structured: false,
    closed: false,
    ...(priority === undefined ? {} : { priority }),
  }
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new HardTimeout(`no answer within ${timeoutMs} ms`)), timeoutMs)
  })
  try {
    return { wire, value: await Promise.race([calls.run(wire, run), timeout]) }
  } catch (error) {
    return { wire: { ...wire }, error }
  } finally {
    wire.closed = true
    clearTimeout(timer)
  }
}
