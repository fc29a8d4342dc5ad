import { join } from 'node:path'
import type { ServiceName } from '@colibri/contracts'
import { describeExit, type ExitReason, startChild } from './child.ts'
import { startNats } from './embedded-nats.ts'
import { startPostgres } from './embedded-postgres.ts'
import { listens } from './free-port.ts'
import { heapOptions } from './heap-options.ts'
import { type Kept, keepAlive, type Running } from './keep-alive.ts'
import type { LaunchConfig } from './launch-config.ts'
import { LaunchError } from './launch-error.ts'
import { natsUserNames, natsUsers } from './nats-users.ts'
import { choosePorts, type Ports } from './ports.ts'
import { processIdentity } from './process-identity.ts'
import { type Program, programs, simulatorUrls } from './programs.ts'
import { answers, servicesReady } from './readiness.ts'
import { type RotatingLog, rotatingLog } from './rotating-log.ts'
import { removeRun, writeRun } from './run-file.ts'
import { keptSecrets, type Secrets } from './secrets.ts'

export interface System {
  /** Ends everything: edge first, stores last. */
  stop(): Promise<void>
  /** SIGKILL to everything at once. */
  kill(): Promise<void>
}

/** How a start is reported and interrupted. */
export interface Launch {
  /** The folder that holds `services/`, `gateway/` and `infra/`, compiled. */
  root: string
  config: LaunchConfig
  say: (line: string) => void
  aborted: AbortSignal
}

/** Ending this often in a row while starting, a program will not come up by trying again. */
const FAILURES_WHILE_STARTING = 3
const READY_TIMEOUT_MS = 60_000
/** Longer than a start takes. */
const STEADY_MS = 3_000
const STORES = ['nats', 'postgres']

/**
 * Starts stores, simulator, services and edge; resolves once all are ready. When it rejects, everything it had started
 * has ended.
 */
export const startSystem = async (launch: Launch): Promise<System> => {
  const { config } = launch
  const crew = new Crew(launch)
  try {
    const secrets = await keptSecrets(config.home, natsUserNames)
    const ports = await choosePorts(config.home, [config.edgePort])
    await startStores(crew, config, secrets, ports)
    const all = programs(launch.root, config, secrets, {
      natsUrl: crew.url('nats'),
      databaseUrl: crew.url('postgres'),
      simulatorPort: ports.simulator,
    })
    await startSimulator(crew, all, ports.simulator)
    await startServices(crew, all, secrets)
    crew.ready = 'yes'
    return { stop: () => crew.end('stop'), kill: () => crew.end('kill') }
  } catch (error) {
    await crew.end('stop')
    throw error
  }
}

/** Everything that runs, its logs and its entry in `run.json`. */
class Crew {
  ready: 'not yet' | 'yes' = 'not yet'
  /** Aborts when the start is interrupted or hopeless. */
  readonly over: AbortSignal
  readonly #kept: Kept[] = []
  readonly #logs = new Map<string, RotatingLog>()
  readonly #lastWords = new Map<string, string>()
  readonly #urls: Record<string, string>
  readonly #hopeless = new AbortController()
  readonly #launch: Launch

  constructor(launch: Launch) {
    this.#launch = launch
    this.over = AbortSignal.any([launch.aborted, this.#hopeless.signal])
    this.#urls = { edge: `http://${launch.config.edgeHost}:${launch.config.edgePort}` }
  }

  /** Starts a process and keeps it running. */
  async keep(name: string, start: () => Promise<Running>): Promise<void> {
    this.over.throwIfAborted()
    const one = await keepAlive({
      name,
      start,
      onStarted: () => this.#note(),
      // While the system starts every failure counts, however slow the machine is.
      steadyMs: () => (this.ready === 'yes' ? STEADY_MS : Number.POSITIVE_INFINITY),
      onFailed: (what, failures, delayMs) => {
        const how = what instanceof Error ? what.message : `${describeExit(what)};`
        this.tell(name, `${how} starting again in ${delayMs / 1000} s`)
        if (this.ready === 'not yet' && failures >= FAILURES_WHILE_STARTING) this.giveUp(this.#hopelessness(name, what))
      },
    })
    this.#kept.push(one)
    this.#note()
  }

  /** A Node program of the repository, its output in its own log file. */
  run(program: Program): Promise<Running> {
    const log = this.log(program.name)
    const child = startChild({
      command: process.execPath,
      args: [...heapOptions(program.service), program.entry],
      cwd: this.#launch.root,
      env: program.env,
      stopSignal: 'SIGTERM',
      onLine: (line) => {
        this.#lastWords.set(program.name, line)
        log.line(line)
      },
    })
    return Promise.resolve({ ...child, stop: () => child.stop(15_000) })
  }

  giveUp(why: LaunchError): void {
    this.#hopeless.abort(why)
  }

  log(name: string): RotatingLog {
    const log = this.#logs.get(name) ?? rotatingLog(join(this.#launch.config.home, 'logs', `${name}.log`), name)
    this.#logs.set(name, log)
    return log
  }

  tell(name: string, message: string): void {
    this.#launch.say(`${name.padEnd(14)} ${message}`)
    const time = new Date().toISOString()
    this.log('launcher').line(JSON.stringify({ time, level: 'info', process: name, message }))
  }

  url(name: string): string {
    return this.#urls[name] ?? ''
  }

  address(name: string, url: string): void {
    this.#urls[name] = url
  }

  /** Those that take requests end before those that serve them, the stores last. */
  async end(how: 'stop' | 'kill'): Promise<void> {
    const wave = (belongs: (name: string) => boolean): Promise<unknown> =>
      Promise.all(this.#kept.filter(({ name }) => belongs(name)).map((one) => one[how]()))
    if (how === 'kill') await wave(() => true)
    await wave((name) => name === 'gateway')
    await wave((name) => !STORES.includes(name) && name !== 'simulator')
    await wave((name) => name === 'simulator')
    await wave((name) => STORES.includes(name))
    removeRun(this.#launch.config.home)
    await Promise.all([...this.#logs.values()].map((log) => log.close()))
  }

  #note(): void {
    const { home } = this.#launch.config
    const processes = this.#kept
      .flatMap(({ name, pid }) => {
        const now = pid()
        return now === null ? [] : [{ name, pid: now, identity: processIdentity(now) }]
      })
      .sort((a, b) => rank(a.name) - rank(b.name))
    try {
      writeRun(home, { pid: process.pid, url: this.url('edge'), urls: this.#urls, processes })
    } catch (error) {
      // A full disk must not end a running system because its list of processes cannot be renewed.
      if (this.ready === 'not yet') throw error
      this.tell('launcher', `run.json could not be written: ${String(error)}`)
    }
  }

  #hopelessness(name: string, what: ExitReason | Error): LaunchError {
    if (what instanceof LaunchError) return what
    const how = what instanceof Error ? `cannot be started: ${what.message}` : describeExit(what)
    const words = messageOf(this.#lastWords.get(name))
    const log = join(this.#launch.config.home, 'logs', `${name}.log`)
    return new LaunchError(`${name} ${how}, ${FAILURES_WHILE_STARTING} times in a row${words}; its log is ${log}.`)
  }
}

const startStores = async (crew: Crew, config: LaunchConfig, secrets: Secrets, ports: Ports): Promise<void> => {
  const nats = async (): Promise<void> => {
    const options = {
      dir: join(config.home, 'nats'),
      port: ports.nats,
      mqttPort: ports.mqtt,
      users: natsUsers(secrets.nats),
      onLine: (line: string) => crew.log('nats').line(line),
    }
    await crew.keep('nats', async () => {
      const server = await startNats(options)
      crew.address('nats', server.url)
      return server
    })
    crew.address('mqtt', `mqtt://127.0.0.1:${ports.mqtt}`)
    crew.tell('nats', `listening on ${crew.url('nats')}`)
  }
  const postgres = async (): Promise<void> => {
    const options = {
      dir: join(config.home, 'postgres'),
      port: ports.postgres,
      onLine: (line: string) => crew.log('postgres').line(line),
    }
    await crew.keep('postgres', async () => {
      const server = await startPostgres(options)
      crew.address('postgres', server.url)
      return server
    })
    crew.tell('postgres', `listening on port ${ports.postgres}`)
  }
  // Both are waited for even when one fails: the other has to be known before everything is ended.
  for (const outcome of await Promise.allSettled([nats(), postgres()])) {
    if (outcome.status === 'rejected') throw outcome.reason
  }
}

const startSimulator = async (crew: Crew, all: readonly Program[], port: number): Promise<void> => {
  const program = all.find(({ service }) => service === 'simulator')
  if (program === undefined) return
  crew.address('simulator', simulatorUrls(port).rest)
  await crew.keep(program.name, () => crew.run(program))
  await listens(port, crew.over)
  crew.over.throwIfAborted()
  crew.tell('simulator', `listening on ${simulatorUrls(port).rest}`)
}

const startServices = async (crew: Crew, all: readonly Program[], secrets: Secrets): Promise<void> => {
  const replicas = new Map<ServiceName, number>()
  for (const program of all) {
    if (program.service === 'simulator') continue
    if (program.service !== 'gateway') replicas.set(program.service, (replicas.get(program.service) ?? 0) + 1)
    await crew.keep(program.name, () => crew.run(program))
  }
  const waiting = new Set<string>([...replicas.keys(), 'gateway'])
  const arrived = (name: string): void => {
    waiting.delete(name)
    crew.tell(name, 'ready')
  }
  const timeout = setTimeout(() => {
    crew.giveUp(
      new LaunchError(`Not ready after ${READY_TIMEOUT_MS / 1000} s: ${[...waiting].join(', ')}; see the logs.`),
    )
  }, READY_TIMEOUT_MS)
  try {
    const login = { url: crew.url('nats'), user: 'launcher', password: secrets.nats.launcher ?? '' }
    await servicesReady(login, replicas, arrived, crew.over)
    crew.over.throwIfAborted()
    await answers(`${crew.url('edge')}/health/ready`, crew.over)
    crew.over.throwIfAborted()
    arrived('gateway')
  } finally {
    clearTimeout(timeout)
  }
}

/** The order of `run.json`: what others stand on first. */
const ORDER = ['nats', 'postgres', 'simulator', 'gateway']
const rank = (name: string): number => ORDER.indexOf(name) + 1 || ORDER.length + 1

/** The last thing a program said, as a clause. */
const messageOf = (line: string | undefined): string => {
  if (line === undefined) return ''
  try {
    const { msg, message } = JSON.parse(line) as { msg?: unknown; message?: unknown }
    const text = msg ?? message
    return typeof text === 'string' ? `, saying: ${text}` : ''
  } catch {
    return `, saying: ${line}`
  }
}
