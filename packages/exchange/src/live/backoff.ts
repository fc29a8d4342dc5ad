import { setTimeout as sleep } from 'node:timers/promises'

const firstMs = 250
const longestMs = 30_000

/** Waits between attempts, doubling with jitter; everybody who fails during a wait waits for its same end. */
export interface Backoff {
  failed(signal: AbortSignal): Promise<void>
  succeeded(): void
}

export const backoff = (): Backoff => {
  let failures = 0
  let until = 0
  return {
    async failed(signal) {
      const now = performance.now()
      if (now >= until) {
        until = now + Math.min(longestMs, firstMs * 2 ** failures) * (0.5 + Math.random() / 2)
        failures += 1
      }
      await sleep(until - now, undefined, { signal }).catch(() => undefined)
    },
    succeeded() {
      failures = 0
    },
  }
}
