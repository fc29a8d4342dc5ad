/**
 * The client sends every append over one stream. Past 16 unsent messages it queues them, and when the connection breaks
 * then, it rejects promises nobody can catch, which ends the process. With fewer than that under way it never queues.
 */
const SLOTS = 12
/** A call that has not settled by then sits on a connection that keep-alive has closed. */
const LONGEST_MS = 30_000

/** Runs calls, a dozen at a time. */
export const createSlots = (): (<T>(work: () => Promise<T>) => Promise<T>) => {
  let free = SLOTS
  const waiting: (() => void)[] = []
  const release = () => {
    const next = waiting.shift()
    if (next === undefined) free += 1
    else next()
  }
  return async (work) => {
    if (free > 0) free -= 1
    else await new Promise<void>((resolve) => waiting.push(resolve))
    let held = true
    const leave = () => {
      clearTimeout(timer)
      if (held) release()
      held = false
    }
    const timer = setTimeout(leave, LONGEST_MS)
    timer.unref()
    try {
      return await work()
    } finally {
      leave()
    }
  }
}
