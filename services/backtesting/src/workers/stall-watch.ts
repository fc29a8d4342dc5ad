/** Notices that somebody who is to be heard of now and then is not. */
export interface StallWatch {
  /** It was heard of: the watch begins, or begins again. The next word is to come within so long. */
  heard(limitMs: number): void
  /** Nothing is to be heard any more. */
  over(): void
}

/** What a process has done until now. */
export interface Ran {
  /** Milliseconds on a processor. */
  readonly ms: number
  /** It is on a processor, or waits for one. */
  readonly wantsMore: boolean
}

const TICKS = 10

/**
 * Calls `stalled`, once, when nothing was heard in time. Time is counted in ticks of this process, so that one in which
 * this process itself stood still, as on a machine that slept, counts as a moment. Of a tick after which the watched
 * process wants a processor only the time counts that it had one: who waits behind others does not stand still.
 */
export const stallWatch = (stalled: () => void, ran: () => Ran | undefined): StallWatch => {
  let timer: NodeJS.Timeout | undefined
  const over = (): void => clearInterval(timer)
  return {
    heard: (limitMs) => {
      const tickMs = limitMs / TICKS
      let quiet = 0
      let before = ran()
      over()
      timer = setInterval(() => {
        const now = ran()
        const worked = (now?.ms ?? 0) - (before?.ms ?? 0)
        quiet += now?.wantsMore === true ? Math.min(1, worked / tickMs) : 1
        before = now
        if (quiet < TICKS) return
        over()
        stalled()
      }, tickMs)
    },
    over,
  }
}
