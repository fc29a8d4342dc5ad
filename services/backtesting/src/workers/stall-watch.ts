/** Notices that somebody who is to be heard of now and then is not. */
export interface StallWatch {
  /** It was heard of: the watch begins, or begins again. The next word is to come within so long. */
  heard(limitMs: number): void
  /** Nothing is to be heard any more. */
  over(): void
}

const TICKS = 10

/**
 * Calls `stalled`, once, when nothing was heard in time. Time is counted in ticks of this process, so that one in which
 * this process itself stood still, as on a machine that slept, counts as a moment.
 */
export const stallWatch = (stalled: () => void): StallWatch => {
  let timer: NodeJS.Timeout | undefined
  const over = (): void => clearInterval(timer)
  return {
    heard: (limitMs) => {
      let quiet = 0
      over()
      timer = setInterval(() => {
        quiet += 1
        if (quiet < TICKS) return
        over()
        stalled()
      }, limitMs / TICKS)
    },
    over,
  }
}
