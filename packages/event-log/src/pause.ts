/** Resolves after `ms`, or at once when the signal aborts. Never rejects. */
export const pause = (ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const done = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal?.addEventListener('abort', done, { once: true })
  })

export interface BackOffLimits {
  readonly firstMs: number
  readonly longestMs: number
}

/** The wait before attempt `attempt` (0 = first retry): doubling, capped, with half of it random so that peers spread out. */
export const backOff = (attempt: number, { firstMs, longestMs }: BackOffLimits): number => {
  const full = Math.min(longestMs, firstMs * 2 ** Math.min(attempt, 20))
  return full / 2 + (Math.random() * full) / 2
}
