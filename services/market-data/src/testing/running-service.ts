import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { instanceAnnouncement, instancesSubject, rpcSubject } from '@colibri/contracts'
import { testNats, testPostgres } from '@colibri/testkit'
import { connect, type NatsConnection } from '@nats-io/transport-node'

const EDGE_TOKEN = 'token-of-the-test'

export interface Reply {
  readonly status: number
  readonly body: unknown
  readonly headers: Headers
}

export interface RunningService {
  readonly nats: NatsConnection
  readonly home: string
  /** Where it listens, and what the edge shows it. */
  readonly url: string
  readonly edgeHeaders: Readonly<Record<string, string>>
  get(path: string): Promise<Reply>
  post(path: string, body: unknown): Promise<Reply>
  rpc(operation: string, request: unknown): Promise<unknown>
}

interface Test {
  teardown(clean: () => Promise<void>): void
}

/** The service as a process of its own, with a real Postgres and NATS, ready and found as the edge finds it. */
export const runningService = async (
  t: Test,
  service: string,
  env: Readonly<Record<string, string>> = {},
  prepare: (home: string) => Promise<void> = async () => {},
): Promise<RunningService> => {
  const [postgres, server] = await Promise.all([testPostgres(t), testNats(t)])
  const home = await mkdtemp(join(tmpdir(), 'colibri-home-'))
  t.teardown(() => rm(home, { recursive: true, force: true }))
  await prepare(home)
  const nats = await connect(server.options)
  t.teardown(() => nats.close())
  const ready = announced(nats, service)
  const child = spawn(process.execPath, [fileURLToPath(new URL('../main.js', import.meta.url))], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      DATABASE_URL: postgres.url,
      NATS_URL: server.url,
      NATS_USER: server.options.user,
      NATS_PASSWORD: server.options.pass,
      EDGE_TOKEN,
      COLIBRI_HOME: home,
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
    child.kill('SIGTERM')
    await exited
  })
  const url = await Promise.race([
    ready,
    exited.then(() => {
      throw new Error(`${service} ended before it was ready: ${output}`)
    }),
  ])

  const send = async (path: string, init: RequestInit): Promise<Reply> => {
    const response = await fetch(url + path, {
      ...init,
      headers: { 'x-colibri-edge-token': EDGE_TOKEN, 'content-type': 'application/json' },
    })
    return { status: response.status, body: await response.json(), headers: response.headers }
  }
  return {
    nats,
    home,
    url,
    edgeHeaders: { 'x-colibri-edge-token': EDGE_TOKEN },
    get: (path) => send(path, {}),
    post: (path, body) => send(path, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) }),
    rpc: async (operation, request) => {
      const message = await nats.request(rpcSubject(service, operation), JSON.stringify(request), { timeout: 20_000 })
      return message.json()
    },
  }
}

/** The address of the first replica that says it is ready. */
const announced = async (nats: NatsConnection, service: string): Promise<string> => {
  for await (const message of nats.subscribe(instancesSubject(service))) {
    const { state, url } = instanceAnnouncement.parse(message.json())
    if (state === 'ready') return url
  }
  throw new Error('the connection to NATS ended')
}
