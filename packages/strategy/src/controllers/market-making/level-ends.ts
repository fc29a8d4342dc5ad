import type { Executor } from '../../executors/executor.ts'

/**
 * Hands each executor that has ended to `noticed` once, the latest first. It remembers where it stopped reading, so that a
 * tick costs what has ended since the last one and not the whole list.
 */
export const newlyEnded = (noticed: (executor: Executor) => void): ((finished: readonly Executor[]) => void) => {
  let latest: Executor | undefined
  return (finished) => {
    const last = finished[finished.length - 1]
    if (last === latest) return
    for (let at = finished.length - 1; at >= 0; at--) {
      const executor = finished[at]
      if (executor === undefined || executor === latest) break
      noticed(executor)
    }
    latest = last
  }
}
