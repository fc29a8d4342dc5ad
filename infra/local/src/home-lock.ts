import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { LaunchError, systemErrorCode } from './launch-error.ts'
import { processIdentity } from './process-identity.ts'

const holder = z.object({ pid: z.number(), identity: z.string() })

/**
 * Makes this process the only launcher on `home` and returns how to let go. The lock of a dead process, or of one whose
 * number was taken over by another program, is replaced.
 */
export const lockHome = (home: string): (() => void) => {
  const lock = join(home, 'lock')
  const own = join(home, `lock.${process.pid}`)
  const content = JSON.stringify({ pid: process.pid, identity: processIdentity(process.pid) })
  writeFileSync(own, content, { mode: 0o600 })
  try {
    for (let tries = 0; tries < 5; tries++) {
      if (linked(own, lock)) return () => rmSync(lock, { force: true })
      const seen = read(lock)
      const alive = seen === null ? null : liveHolder(seen)
      if (alive !== null) {
        throw new LaunchError(
          `Colibri is already running on ${home} (process ${alive}); stop it or choose another COLIBRI_HOME.`,
        )
      }
      moveAside(lock, `${own}.stale`, seen)
    }
  } finally {
    rmSync(own, { force: true })
  }
  throw new LaunchError(`The lock ${lock} cannot be taken; another launcher is starting on the same COLIBRI_HOME.`)
}

const linked = (from: string, to: string): boolean => {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return false
    throw error
  }
}

const read = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

const liveHolder = (content: string): number | null => {
  try {
    const { pid, identity } = holder.parse(JSON.parse(content))
    return processIdentity(pid) === identity ? pid : null
  } catch {
    return null // half written by a launcher that died
  }
}

/** A rival may have replaced the stale lock in between; then its lock is put back. */
const moveAside = (lock: string, aside: string, stale: string | null): void => {
  try {
    renameSync(lock, aside)
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return
    throw error
  }
  if (read(aside) !== stale) linked(aside, lock)
  rmSync(aside, { force: true })
}
