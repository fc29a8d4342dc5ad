/** Runs `work` for calls that come thick: the first at once, later ones together, at least `gapMs` apart. */
export interface Pace {
  call(): void
  /** Runs what is due now. */
  flush(): void
  /** Forgets what is due. */
  cancel(): void
}

export const paced = (gapMs: number, work: () => void): Pace => {
  let timer: NodeJS.Timeout | undefined
  let lastRun = Number.NEGATIVE_INFINITY
  const run = (): void => {
    clearTimeout(timer)
    timer = undefined
    lastRun = performance.now()
    work()
  }
  return {
    call: () => {
      if (timer !== undefined) return
      const wait = lastRun + gapMs - performance.now()
      if (wait <= 0) run()
      else timer = setTimeout(run, wait)
    },
    flush: () => {
      if (timer !== undefined) run()
    },
    cancel: () => {
      clearTimeout(timer)
      timer = undefined
    },
  }
}
