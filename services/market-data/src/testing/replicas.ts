import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { instanceAnnouncement, instancesSubject } from '@colibri/contracts'
import { plainNode, type TestNats, testNats, testPostgres } from '@colibri/testkit'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import type { Test } from 'tap'

const EDGE_TOKEN = 'token-of-the-test'

export interface Replica {
  readonly name: string
  readonly process: ChildProcess
  /** Where it listens, and what the edge shows it. */
  readonly url: string
  readonly edgeHeaders: Readonly<Record<string, string>>
  /** Status and body. */
  get(path: string): Promise<{ readonly status: number; readonly body: unknown }>
  post(path: string, body: unknown): Promise<{ readonly status: number; readonly body: unknown }>
  metrics(): Promise<string>
}

export interface Replicas {
  readonly server: TestNats
  readonly nats: NatsConnection
  readonly all: readonly Replica[]
}

/** Processes of the service that share Postgres, NATS and an exchange. */
export const startReplicas = async (
  t: Test,
  count: number,
  env: Readonly<Record<string, string>>,
): Promise<Replicas> => {
  const [postgres, server] = await Promise.all([testPostgres(t), testNats(t)])
  const home = await mkdtemp(join(tmpdir(), 'colibri-home-'))
  t.teardown(() => rm(home, { recursive: true, force: true }))
  const nats = await connect({ ...server.options, maxReconnectAttempts: -1, reconnectTimeWait: 50 })
  t.teardown(() => nats.close())
  const urls = new Map<string, PromiseWithResolvers<string>>()
  nats.subscribe(instancesSubject('market-data'), {
    callback: (_, message) => {
      const { state, instanceId, url } = instanceAnnouncement.parse(message.json())
      if (state === 'ready') urls.get(instanceId)?.resolve(url)
    },
  })
  await nats.flush()

  const start = async (name: string): Promise<Replica> => {
    const ready = Promise.withResolvers<string>()
    urls.set(name, ready)
    const child = spawn(...plainNode(fileURLToPath(new URL('../main.js', import.meta.url))), {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        DATABASE_URL: postgres.url,
        NATS_URL: server.url,
        NATS_USER: server.options.user,
        NATS_PASSWORD: server.options.pass,
        EDGE_TOKEN,
        COLIBRI_HOME: home,
        INSTANCE_ID: name,
        LOG_LEVEL: 'warn',
        ...env,
      },
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString()
      })
    const exited = once(child, 'exit')
    t.teardown(async () => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGCONT')
        child.kill('SIGTERM')
        await exited
      }
      if (!t.passing()) t.comment(`${name} said: ${output}`)
    })
    exited.then(
      () => ready.reject(new Error(`${name} ended before it was ready: ${output}`)),
      (error: unknown) => ready.reject(error),
    )
    const url = await ready.promise
    const send = (path: string, init: RequestInit): Promise<Response> =>
      fetch(url + path, {
        ...init,
        headers: { 'x-colibri-edge-token': EDGE_TOKEN, 'content-type': 'application/json' },
      })
    const json = async (response: Response) => ({ status: response.status, body: (await response.json()) as unknown })
    return {
      name,
      process: child,
      url,
      edgeHeaders: { 'x-colibri-edge-token': EDGE_TOKEN },
      get: async (path) => json(await send(path, {})),
      post: async (path, body) => json(await send(path, { method: 'POST', body: JSON.stringify(body) })),
      metrics: async () => (await send('/metrics', {})).text(),
    }
  }
  const all = await Promise.all(Array.from({ length: count }, (_, index) => start(`replica-${index}`)))
  return { server, nats, all }
}
