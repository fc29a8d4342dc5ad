import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Child, describeExit, startChild } from './child.ts'
import { machine } from './environment.ts'
import { freePort, isListening } from './free-port.ts'
import { LaunchError } from './launch-error.ts'
import { natsBinary } from './nats-binary.ts'
import { type NatsUser, natsConfig } from './nats-config.ts'
import { keptSecret } from './secret.ts'

export interface NatsOptions {
  /** Holds the configuration and JetStream's files; created when it is not there. */
  dir: string
  /** Free ones when absent. */
  port?: number
  mqttPort?: number
  /** One user `colibri` with every right and a generated password when absent. */
  users?: readonly NatsUser[]
  onLine?: (line: string) => void
}

export interface EmbeddedNats {
  /** Without credentials; they are in `users`. */
  url: string
  port: number
  mqttPort: number
  users: readonly NatsUser[]
  pid: number
  exited: Child['exited']
  stop(): Promise<void>
  kill(): Promise<void>
}

const START_TIMEOUT_MS = 15_000

/** Starts a NATS server on loopback: JetStream that syncs every message, an MQTT listener, and the given users only. */
export const startNats = async (options: NatsOptions): Promise<EmbeddedNats> => {
  const binary = natsBinary()
  await mkdir(options.dir, { recursive: true, mode: 0o700 })
  const users = options.users ?? [{ user: 'colibri', password: await keptSecret(join(options.dir, 'password')) }]
  const port = options.port ?? (await freePort())
  const mqttPort = options.mqttPort ?? (await freePort([port]))
  const config = join(options.dir, 'nats.conf')
  await writeFile(
    `${config}.new`,
    natsConfig({ name: 'colibri', port, mqttPort, storeDir: join(options.dir, 'jetstream'), users }),
    { mode: 0o600 },
  )
  await rename(`${config}.new`, config)
  let lastError = ''
  const child = startChild({
    command: binary,
    args: ['--config', config],
    cwd: options.dir,
    env: machine.bareEnvironment(),
    stopSignal: 'SIGTERM',
    onLine: (line) => {
      if (line.includes('[FTL]') || line.includes('[ERR]') || line.startsWith('nats-server:')) lastError = line
      options.onLine?.(line)
    },
  })
  const ended = child.exited.then((reason) => ({ reason }))
  const deadline = Date.now() + START_TIMEOUT_MS
  for (const listener of [port, mqttPort]) {
    for (;;) {
      const outcome = await Promise.race([ended, isListening(listener)])
      if (outcome === true) break
      if (typeof outcome === 'object')
        throw failure(`The NATS server ${describeExit(outcome.reason)} while starting.`, lastError)
      if (Date.now() > deadline) {
        await child.kill()
        throw failure(`The NATS server did not listen within ${START_TIMEOUT_MS / 1000} s.`, lastError)
      }
      await sleep(15)
    }
  }
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    mqttPort,
    users,
    pid: child.pid,
    exited: child.exited,
    stop: () => child.stop(),
    kill: child.kill,
  }
}

const failure = (sentence: string, said: string): LaunchError => {
  if (said.includes('no space left')) return new LaunchError('The NATS server cannot write its data: the disk is full.')
  return new LaunchError(said === '' ? sentence : `${sentence} It said: ${said.trim()}`)
}
