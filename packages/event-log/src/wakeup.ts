/** Tells waiting readers of this process that the log has grown. A wake between `seen` and `wait` is not lost. */
export interface Wakeup {
  /** A mark to take before reading and to hand to `wait`. */
  seen(): number
  /** Resolves when woken after `since`, when `ms` have passed, or when the signal aborts. */
  wait(since: number, ms: number, signal: AbortSignal): Promise<void>
  wake(): void
}

export const createWakeup = (): Wakeup => {
  let generation = 0
  const waiting = new Set<() => void>()
  return {
    seen: () => generation,
    wait: (since, ms, signal) =>
      new Promise((resolve) => {
        if (generation > since || signal.aborted) return resolve()
        const done = () => {
          clearTimeout(timer)
          signal.removeEventListener('abort', done)
          waiting.delete(done)
          resolve()
        }
        const timer = setTimeout(done, ms)
        signal.addEventListener('abort', done, { once: true })
        waiting.add(done)
      }),
    wake: () => {
      generation += 1
      for (const done of [...waiting]) done()
    },
  }
}
