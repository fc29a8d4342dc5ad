export interface TickerDeps {
  readonly everyMs: number
  work(): Promise<void>
  failed(error: unknown): void
}

/** The same work again and again, one at a time. */
export interface Ticker {
  /** Resolves when work is done that began after this call; rejects when it fails. */
  now(): Promise<void>
  /** The next turn comes at once. */
  soon(): void
  /** Until `stop`. */
  run(): Promise<void>
  stop(): void
}

export const createTicker = ({ everyMs, work, failed }: TickerDeps): Ticker => {
  let current: Promise<void> | undefined
  let next: Promise<void> | undefined
  let wake: () => void = () => undefined
  let asked = false
  let state: 'running' | 'stopped' = 'running'

  const now = (): Promise<void> => {
    if (current === undefined) {
      current = work().finally(() => {
        current = undefined
      })
      return current
    }
    // The work under way may have looked too early.
    next ??= current
      .catch(() => undefined)
      .then(() => {
        next = undefined
        return now()
      })
    return next
  }

  return {
    now,
    soon: () => {
      asked = true
      wake()
    },
    run: async () => {
      while (state === 'running') {
        const { promise, resolve } = Promise.withResolvers<void>()
        const timer = setTimeout(resolve, asked ? 0 : everyMs)
        wake = resolve
        await promise
        clearTimeout(timer)
        asked = false
        if (state === 'running') await now().catch(failed)
      }
    },
    stop: () => {
      state = 'stopped'
      wake()
    },
  }
}
