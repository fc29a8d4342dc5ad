/**
 * Calls `gone` once the process that started this one has ended. npm dies of SIGTERM without passing it on, so the
 * parent is watched rather than trusted. Where the parent is init already there is nothing to watch.
 */
export const watchParent = (gone: () => void): void => {
  const parent = process.ppid
  if (parent <= 1) return
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    gone()
  }, 200)
  timer.unref()
}
