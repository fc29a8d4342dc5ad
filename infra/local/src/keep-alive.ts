import { setTimeout as sleep } from 'node:timers/promises'
import type { ExitReason } from './child.ts'

/** A process that runs now. */
export interface Running {
  pid: number
  exited: Promise<ExitReason>
  stop(): Promise<void>
  kill(): Promise<void>
}

export interface Kept {
  name: string
  /** Null while it is down. */
  pid(): number | null
  /** Ends it for good. */
  stop(): Promise<void>
  /** SIGKILL, for good. */
  kill(): Promise<void>
}

export interface KeepAliveOptions {
  name: string
  /** Resolves once it runs (and, for a server, accepts connections). */
  start: () => Promise<Running>
  onStarted: (pid: number) => void
  /** Having run this long when it ends, its end is news and no longer part of a series; milliseconds. */
  steadyMs: () => number
  /** It ended unasked, or could not be started: `failures` times in a row, and is tried again in `delayMs`. */
  onFailed: (what: ExitReason | Error, failures: number, delayMs: number) => void
}

const FIRST_DELAY_MS = 100
const LONGEST_DELAY_MS = 10_000

/** Milliseconds to wait before starting again after `failures` failures in a row. */
export const backOff = (failures: number): number =>
  Math.min(FIRST_DELAY_MS * 2 ** Math.min(failures - 1, 20), LONGEST_DELAY_MS)

/** Starts a process and starts it again whenever it ends, until stopped. Rejects when the first start fails. */
export const keepAlive = async (options: KeepAliveOptions): Promise<Kept> => {
  const stopping = new AbortController()
  let failures = 0
  let running: Running | null = await options.start()
  let startedAt = Date.now()
  options.onStarted(running.pid)

  const failed = (what: ExitReason | Error): number => {
    failures = Date.now() - startedAt >= options.steadyMs() ? 1 : failures + 1
    const delay = backOff(failures)
    options.onFailed(what, failures, delay)
    return delay
  }
  const startAgain = async (firstDelay: number): Promise<void> => {
    let delay = firstDelay
    while (!stopping.signal.aborted) {
      await sleep(delay, null, { signal: stopping.signal }).catch(() => undefined)
      if (stopping.signal.aborted) return
      startedAt = Date.now()
      try {
        running = await options.start()
        options.onStarted(running.pid)
        return
      } catch (error) {
        delay = failed(error instanceof Error ? error : new Error(String(error)))
      }
    }
  }
  const watch = async (): Promise<void> => {
    while (running !== null) {
      const reason = await running.exited
      running = null
      if (stopping.signal.aborted) return
      await startAgain(failed(reason))
    }
  }
  const over = watch()

  const end = async (how: 'stop' | 'kill'): Promise<void> => {
    stopping.abort()
    await running?.[how]()
    await over
  }
  return {
    name: options.name,
    pid: () => running?.pid ?? null,
    stop: async () => {
      await end('stop')
      // A start under way when the order came is waited for by `over`; its process ends here.
      await running?.stop()
    },
    kill: () => end('kill'),
  }
}
