import { readdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { setPriority } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { procStat } from './proc-stat.ts'

const TRIES = 20
const TRY_EVERY_MS = 150

/**
 * Lets a process give way to all that runs at a lower `nice`. On Linux a priority is one thread's, and counts only among
 * the processes of its session where those are grouped (sched(7), "The autogroup feature"): so it is set for every
 * thread and, when the process leads a session, for that as a whole. Where it may not be set the process runs all the
 * same.
 */
export const giveWay = async (pid: number, nice: number): Promise<void> => {
  // Threads that it starts from now on inherit it.
  beNice(pid, nice)
  for (const thread of threadsOf(pid)) beNice(thread, nice)
  if (procStat(pid)?.session !== pid) return
  for (let tries = 0; tries < TRIES; tries += 1)
    try {
      await writeFile(`/proc/${pid}/autogroup`, String(nice))
      return
    } catch (error) {
      // Linux takes some such words a second, from all of the machine together.
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) return
      await sleep(TRY_EVERY_MS * (0.5 + Math.random()))
    }
}

const beNice = (thread: number, nice: number): void => {
  try {
    setPriority(thread, nice)
  } catch {
    // It has just ended, or may not be told.
  }
}

const threadsOf = (pid: number): number[] => {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number)
  } catch {
    return []
  }
}
