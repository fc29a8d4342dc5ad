const CHECK_MS = 500

const runs = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Calls back once the process that started this one is gone; a child of the launcher sees it by its new parent. */
export const whenParentDies = (pid: number, callback: () => void): void => {
  const direct = process.ppid === pid
  const timer = setInterval(() => {
    if (direct ? process.ppid === pid : runs(pid)) return
    clearInterval(timer)
    callback()
  }, CHECK_MS)
  timer.unref()
}
