import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { instanceAnnouncement, instancesSubject, rpcSubject } from '@colibri/contracts'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { plainNode } from './plain-node.ts'
import { edgeHeaders, serviceEnvironment } from './service-environment.ts'
import { type TearsDown, temporaryFolder } from './temporary-folder.ts'
import { type TestNats, testNats } from './test-nats.ts'
import { testPostgres } from './test-postgres.ts'

export interface ServiceReply {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** What the text says where it is JSON, else the text. */
  readonly body: unknown
}

export interface Replica {
  readonly name: string
  readonly process: ChildProcess
  /** Where it listens, and what the edge shows it. */
  readonly url: string
  readonly edgeHeaders: Readonly<Record<string, string>>
  get(path: string): Promise<ServiceReply>
  /** A text is sent as it is. */
  post(path: string, body: unknown): Promise<ServiceReply>
  remove(path: string): Promise<ServiceReply>
  /** SIGTERM, and gone. */
  stop(): Promise<void>
}

export interface ServiceReplicas {
  readonly server: TestNats
  readonly nats: NatsConnection
  readonly databaseUrl: string
  readonly home: string
  /** Another replica, ready. */
  start(name: string, env?: Readonly<Record<string, string>>): Promise<Replica>
  /** Asks any of them. */
  rpc(operation: string, request: unknown): Promise<unknown>
}

export interface ServiceProcess {
  readonly service: string
  /** Its compiled main file. */
  readonly entry: URL
  /** Options of Node itself. */
  readonly nodeOptions?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Fills their home before any of them starts. */
  readonly prepare?: (home: string) => Promise<void>
}

/** A tap test, which shows what the replicas said when it fails, or what runs a bench. */
export interface ReplicaScope extends TearsDown {
  passing?(): boolean
  comment?(text: string): void
}

/** Processes of one service that share a real Postgres, a real NATS and a home; each is found as the edge finds it. */
export const serviceReplicas = async (
  t: ReplicaScope,
  { service, entry, nodeOptions = [], env = {}, prepare }: ServiceProcess,
): Promise<ServiceReplicas> => {
  const [postgres, server, folder] = await Promise.all([testPostgres(t), testNats(t), temporaryFolder('home')])
  t.teardown(() => folder.remove())
  const home = folder.path
  await prepare?.(home)
  const nats = await connect({ ...server.options, maxReconnectAttempts: -1, reconnectTimeWait: 50 })
  t.teardown(() => nats.close())

  const start: ServiceReplicas['start'] = async (name, own = {}) => {
    const child = spawn(...plainNode(...nodeOptions, fileURLToPath(entry)), {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...serviceEnvironment({ postgres, nats: server, home }),
        INSTANCE_ID: name,
        LOG_LEVEL: 'warn',
        PARENT_PID: String(process.pid),
        ...env,
        ...own,
      },
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString()
      })
    const exited = once(child, 'exit')
    const stop = async (): Promise<void> => {
      // One that the test has put to sleep hears nothing.
      child.kill('SIGCONT')
      child.kill('SIGTERM')
      await exited
    }
    t.teardown(async () => {
      await stop()
      if (t.passing?.() === false) t.comment?.(`${name} said: ${output}`)
    })
    const url = await Promise.race([
      announced(nats, service, name),
      exited.then(() => {
        throw new Error(`${name} ended before it was ready: ${output}`)
      }),
    ])
    return { name, process: child, url, edgeHeaders, ...requests(url), stop }
  }
  return {
    server,
    nats,
    databaseUrl: postgres.url,
    home,
    start,
    rpc: async (operation, request) => {
      const message = await nats.request(rpcSubject(service, operation), JSON.stringify(request), { timeout: 20_000 })
      return message.json()
    },
  }
}

/** The one replica of a service. */
export const startedService = async (t: ReplicaScope, process: ServiceProcess): Promise<ServiceReplicas & Replica> => {
  const replicas = await serviceReplicas(t, process)
  return { ...replicas, ...(await replicas.start(process.service)) }
}

/** The address of a replica, as soon as it says that it is ready. */
const announced = async (nats: NatsConnection, service: string, name: string): Promise<string> => {
  for await (const message of nats.subscribe(instancesSubject(service))) {
    const { state, instanceId, url } = instanceAnnouncement.parse(message.json())
    if (state === 'ready' && instanceId === name) return url
  }
  throw new Error('the connection to NATS ended')
}

const requests = (url: string): Pick<Replica, 'get' | 'post' | 'remove'> => {
  const send = async (path: string, init: RequestInit): Promise<ServiceReply> => {
    const headers = { ...edgeHeaders, 'content-type': 'application/json' }
    const response = await fetch(url + path, { ...init, headers })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.startsWith('application/json')
    return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : text }
  }
  return {
    get: (path) => send(path, {}),
    post: (path, body) => send(path, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) }),
    remove: (path) => send(path, { method: 'DELETE' }),
  }
}
