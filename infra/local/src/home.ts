import { mkdir, statfs } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { lockHome } from './home-lock.ts'
import { LaunchError, systemErrorCode } from './launch-error.ts'
import { processIdentity } from './process-identity.ts'
import { readRun, removeRun } from './run-file.ts'

/** Postgres alone needs some 100 MB for a new database and its write-ahead log. */
const NEEDED_BYTES = 300_000_000
/** The guard of a killed launcher takes up to six seconds. */
const LEFTOVERS_MS = 10_000

/** Makes `home` ours alone and fit for a start: created, locked, room on its disk, nothing of an earlier run alive. */
export const openHome = async (home: string): Promise<() => void> => {
  try {
    await mkdir(home, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new LaunchError(`COLIBRI_HOME ${home} cannot be created: ${systemErrorCode(error) ?? String(error)}.`)
  }
  const disk = await statfs(home)
  const free = disk.bavail * disk.bsize
  if (free < NEEDED_BYTES) {
    throw new LaunchError(
      `The disk of COLIBRI_HOME ${home} is full: ${Math.floor(free / 1e6)} MB are free, ${NEEDED_BYTES / 1e6} MB are needed.`,
    )
  }
  const unlock = lockHome(home)
  try {
    await endLeftovers(home)
  } catch (error) {
    unlock()
    throw error
  }
  return unlock
}

/** Two Postgres or NATS servers on one folder would destroy it, so those of a killed launcher must be gone first. */
const endLeftovers = async (home: string): Promise<void> => {
  const run = readRun(home)
  if (run === null) return
  const alive = () =>
    run.processes.filter(({ pid, identity }) => identity !== null && processIdentity(pid) === identity)
  const deadline = Date.now() + LEFTOVERS_MS
  while (alive().length > 0 && Date.now() < deadline) await sleep(100)
  for (const { pid } of alive()) process.kill(pid, 'SIGKILL')
  while (alive().length > 0) await sleep(20)
  removeRun(home)
}
