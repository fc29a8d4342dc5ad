import { existsSync } from 'node:fs'
import { chmod, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { type Child, describeExit, startChild } from './child.ts'
import { machine } from './environment.ts'
import { freePort } from './free-port.ts'
import { LaunchError } from './launch-error.ts'
import { type PostgresBinaries, postgresBinaries, type Unprivileged, unprivileged } from './postgres-binaries.ts'
import { keptSecret } from './secret.ts'

export interface PostgresOptions {
  /** Holds the data and the generated password; created when it is not there. */
  dir: string
  /** A free one when absent. */
  port?: number
  onLine?: (line: string) => void
}

export interface EmbeddedPostgres {
  /** Of the database `colibri`, password included: a secret. */
  url: string
  port: number
  pid: number
  exited: Child['exited']
  stop(): Promise<void>
  kill(): Promise<void>
}

const DATABASE = 'colibri'
const START_TIMEOUT_MS = 30_000
const LAST_LINES = 20

/** Starts a Postgres server on loopback with password authentication and every durability setting on. */
export const startPostgres = async (options: PostgresOptions): Promise<EmbeddedPostgres> => {
  const binaries = postgresBinaries()
  const user = unprivileged()
  await mkdir(options.dir, { recursive: true, mode: 0o700 })
  const password = await keptSecret(join(options.dir, 'password'))
  const data = join(options.dir, 'data')
  if (!existsSync(data)) await initialise(options.dir, data, password, binaries, user)
  const port = options.port ?? (await freePort())
  const lastLines: string[] = []
  const child = startChild({
    ...user.wrap(binaries.postgres, ['-D', data, ...settings(port)]),
    cwd: options.dir,
    env: machine.bareEnvironment(),
    stopSignal: 'SIGINT', // "fast": SIGTERM would wait for every client to leave
    ...(user.uid === undefined ? {} : { uid: user.uid }),
    onLine: (line) => {
      lastLines.push(line)
      if (lastLines.length > LAST_LINES) lastLines.shift()
      options.onLine?.(line)
    },
  })
  const url = `postgresql://${DATABASE}:${encodeURIComponent(password)}@127.0.0.1:${port}/${DATABASE}`
  try {
    await accepting(child, url, lastLines)
  } catch (error) {
    await child.kill()
    throw error
  }
  return { url, port, pid: child.pid, exited: child.exited, stop: () => child.stop(20_000), kill: child.kill }
}

const settings = (port: number): string[] =>
  Object.entries({
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    // Segments in /dev/shm would outlive a killed server; files in the data folder do not.
    dynamic_shared_memory_type: 'mmap',
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    max_connections: '200',
    shared_buffers: '64MB',
    max_wal_size: '512MB',
    io_method: 'sync',
    jit: 'off',
    log_destination: 'stderr',
    log_line_prefix: '%m [%p] ',
    log_min_messages: 'warning',
    // Statements can carry values: errors are logged, their texts are not.
    log_min_error_statement: 'panic',
    timezone: 'UTC',
    log_timezone: 'UTC',
  }).flatMap(([name, value]) => ['-c', `${name}=${value}`])

/** Into a side folder first: a crash half way must not leave something that looks like a database. */
const initialise = async (
  dir: string,
  data: string,
  password: string,
  binaries: PostgresBinaries,
  user: Unprivileged,
): Promise<void> => {
  const half = join(dir, 'data.new')
  const passwordFile = join(dir, 'password.new')
  await rm(half, { recursive: true, force: true })
  await rm(passwordFile, { force: true })
  await mkdir(half, { mode: 0o700 })
  await writeFile(passwordFile, password, { mode: 0o600 })
  for (const path of [dir, half, passwordFile]) user.own(path)
  const lines: string[] = []
  const child = startChild({
    ...user.wrap(binaries.initdb, [
      `--pgdata=${half}`,
      `--username=${DATABASE}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--locale=C',
      '--data-checksums',
    ]),
    cwd: dir,
    env: machine.bareEnvironment(),
    stopSignal: 'SIGTERM',
    ...(user.uid === undefined ? {} : { uid: user.uid }),
    onLine: (line) => lines.push(line),
  })
  const reason = await child.exited
  await rm(passwordFile, { force: true })
  if (reason.kind !== 'exited' || reason.code !== 0) {
    throw failure(`Postgres could not create its database in ${dir}: initdb ${describeExit(reason)}.`, lines)
  }
  await chmod(half, 0o700)
  await rename(half, data)
}

const accepting = async (child: Child, url: string, lastLines: readonly string[]): Promise<void> => {
  const ended = child.exited.then((reason) => ({ reason }))
  const deadline = Date.now() + START_TIMEOUT_MS
  for (;;) {
    const outcome = await Promise.race([ended, databaseReady(url)])
    if (outcome === 'ready') return
    if (typeof outcome === 'object')
      throw failure(`Postgres ${describeExit(outcome.reason)} while starting.`, lastLines)
    if (Date.now() > deadline)
      throw failure(`Postgres did not accept connections within ${START_TIMEOUT_MS / 1000} s.`, lastLines)
    await sleep(25)
  }
}

/** Connects, creating the database on the first start. */
const databaseReady = async (url: string): Promise<'ready' | 'not yet'> => {
  const maintenance = new URL(url)
  maintenance.pathname = '/postgres'
  const client = new pg.Client({ connectionString: maintenance.href, connectionTimeoutMillis: 2_000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE])
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`)
    return 'ready'
  } catch {
    return 'not yet'
  } finally {
    await client.end().catch(() => undefined)
  }
}

const failure = (sentence: string, lines: readonly string[]): LaunchError => {
  const said = lines.filter((line) => /FATAL|PANIC|error|No space/i.test(line)).at(-1)
  if (lines.some((line) => line.includes('No space left on device')))
    return new LaunchError('Postgres cannot write its data: the disk is full.')
  return new LaunchError(said === undefined ? sentence : `${sentence} It said: ${said.trim()}`)
}
