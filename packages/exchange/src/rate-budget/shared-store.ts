import type { z } from 'zod'

/** One small state that all replicas change by compare-and-set. */
export interface SharedCell<S> {
  /** The newest state known here. */
  state(): S
  /**
   * Decides on the newest state and stores what comes out; decided again when another replica was faster. Without
   * `next` nothing is stored. Rejects with `StoreAway` in bounded time.
   */
  update<R>(decide: (state: S, now: number) => { readonly next?: S; readonly result: R }): Promise<R>
}

/** What replicas share, as a port: the memory of one process, or NATS. */
export interface SharedStore {
  cell<S>(key: string, schema: z.ZodType<S>, initial: S, changed: () => void): SharedCell<S>
  /** A clock that all replicas agree on, epoch milliseconds. */
  now(): number
  /** Replicas that share, this one included: what an even share is reckoned by. */
  replicas(): number
  /** `alone` while the others cannot be reached, and a little longer, until their debts are known. */
  reach(): 'shared' | 'alone'
  /** Calls back whenever the store is back within reach. */
  onReturn(listener: () => void): void
}

/** The shared state cannot be read or changed now. */
export class StoreAway extends Error {
  override readonly name = 'StoreAway'
}

/** For a process that shares with nobody. */
export const memoryStore = (now: () => number = Date.now): SharedStore => {
  const states = new Map<string, unknown>()
  const listeners = new Map<string, Set<() => void>>()
  return {
    cell<S>(key: string, schema: z.ZodType<S>, initial: S, changed: () => void): SharedCell<S> {
      const listening = listeners.get(key) ?? new Set()
      listeners.set(key, listening.add(changed))
      const state = (): S => (states.has(key) ? schema.parse(states.get(key)) : initial)
      return {
        state,
        async update(decide) {
          const { next, result } = decide(state(), now())
          if (next !== undefined) {
            states.set(key, next)
            for (const listener of listening) listener()
          }
          return result
        },
      }
    },
    now,
    replicas: () => 1,
    reach: () => 'shared',
    onReturn: () => undefined,
  }
}
