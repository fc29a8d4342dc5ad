import { setTimeout as sleep } from 'node:timers/promises'
import { NotSent } from './wire.ts'

export interface RateBudget {
  /** Resolves when the request may go out; rejects with `NotSent` at once if that would take longer than the longest wait. */
  take(cost: number): Promise<void>
}

/**
 * The generic cell rate algorithm: one cost unit per interval on average, bursts of up to `burstMs` worth of units. A
 * request never waits in a queue that its caller has already left.
 */
export const rateBudget = (
  intervalMs: number,
  limits: { readonly burstMs: number; readonly longestWaitMs: number },
  now: () => number = () => performance.now(),
): RateBudget => {
  let theoreticalArrival = 0
  return {
    async take(cost) {
      const time = now()
      const arrival = Math.max(theoreticalArrival, time)
      const wait = arrival - limits.burstMs - time
      if (wait > limits.longestWaitMs) {
        throw new NotSent(`the rate budget is used up for ${Math.ceil(wait)} ms`)
      }
      theoreticalArrival = arrival + cost * intervalMs
      if (wait > 0) await sleep(wait)
    },
  }
}

/** No limit: for a venue of one's own. */
export const unlimited: RateBudget = { take: async () => {} }
