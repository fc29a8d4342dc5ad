const checkMs = 500

/**
 * Resolves when the process is asked to end: SIGTERM, SIGINT, or, when there is a supervisor, once it is no longer the
 * parent. A second signal does not wait for a drain that hangs.
 */
export const whenAskedToStop = (supervisor: number | undefined): Promise<void> =>
  new Promise((resolve) => {
    let asked = 0
    const ask = (): void => {
      asked += 1
      if (asked > 1) process.exit(1)
      clearInterval(watch)
      resolve()
    }
    process.on('SIGTERM', ask)
    process.on('SIGINT', ask)
    const watch = setInterval(() => {
      if (supervisor !== undefined && process.ppid !== supervisor) ask()
    }, checkMs)
    watch.unref()
  })
