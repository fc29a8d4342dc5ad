import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { instanceAnnouncement, instancesSubject, rpcSubject } from '@colibri/contracts'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { plainNode } from './plain-node.ts'
import { type TearsDown, temporaryFolder } from './temporary-folder.ts'
import { testNats } from './test-nats.ts'
import { testPostgres } from './test-postgres.ts'

/** The secret of the edge that a started service shares with its test. */
const EDGE_TOKEN = 'token-of-the-test'

export interface ServiceReply {
  readonly status: number
  readonly body: unknown
  readonly headers: Headers
}

export interface RunningService {
  readonly pid: number
  readonly nats: NatsConnection
  readonly home: string
  readonly databaseUrl: string
  /** Where it listens, and what the edge shows it. */
  readonly url: string
  readonly edgeHeaders: Readonly<Record<string, string>>
  get(path: string): Promise<ServiceReply>
  post(path: string, body: unknown): Promise<ServiceReply>
  rpc(operation: string, request: unknown): Promise<unknown>
}

export interface ServiceProcess {
  readonly service: string
  /** Its compiled main file. */
  readonly entry: URL
  /** Options of Node itself. */
  readonly nodeOptions?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Fills its home before it starts. */
  readonly prepare?: (home: string) => Promise<void>
}

/** A service as a process of its own, with a real Postgres and NATS, ready and found as the edge finds it. */
export const startedService = async (
  t: TearsDown,
  { service, entry, nodeOptions = [], env = {}, prepare }: ServiceProcess,
): Promise<RunningService> => {
  const [postgres, server, folder] = await Promise.all([testPostgres(t), testNats(t), temporaryFolder('home')])
  t.teardown(() => folder.remove())
  const home = folder.path
  await prepare?.(home)
  const nats = await connect(server.options)
  t.teardown(() => nats.close())
  const ready = announced(nats, service)
  const child = spawn(...plainNode(...nodeOptions, fileURLToPath(entry)), {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      DATABASE_URL: postgres.url,
      NATS_URL: server.url,
      NATS_USER: server.options.user,
      NATS_PASSWORD: server.options.pass,
      EDGE_TOKEN,
      COLIBRI_HOME: home,
      LOG_LEVEL: 'warn',
      PARENT_PID: String(process.pid),
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

  const send = async (path: string, init: RequestInit): Promise<ServiceReply> => {
    const response = await fetch(url + path, {
      ...init,
      headers: { 'x-colibri-edge-token': EDGE_TOKEN, 'content-type': 'application/json' },
    })
    return { status: response.status, body: await response.json(), headers: response.headers }
  }
  return {
    pid: child.pid ?? 0,
    nats,
    home,
    databaseUrl: postgres.url,
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
