import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { instanceAnnouncement, instancesSubject } from '@colibri/contracts'
import { plainNode, temporaryFolder, testNats, testPostgres } from '@colibri/testkit'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import type { Test } from 'tap'

const EDGE_TOKEN = 'token-of-the-test'

export interface Reply {
  readonly status: number
  readonly body: unknown
  readonly text: string
  readonly headers: Headers
}

export interface Replica {
  readonly process: ChildProcess
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  get(path: string): Promise<Reply>
  post(path: string, body: unknown): Promise<Reply>
  remove(path: string): Promise<Reply>
  /** SIGTERM, and gone. */
  stop(): Promise<void>
}

export interface Replicas {
  readonly nats: NatsConnection
  readonly databaseUrl: string
  readonly home: string
  /** Another replica, ready. */
  start(name: string, env?: Readonly<Record<string, string>>): Promise<Replica>
}

/** Replicas of this service that share Postgres, NATS and a home with these files. */
export const backtestingReplicas = async (t: Test, files: Readonly<Record<string, string>>): Promise<Replicas> => {
  const [postgres, server, folder] = await Promise.all([testPostgres(t), testNats(t), temporaryFolder('home')])
  t.teardown(() => folder.remove())
  const home = folder.path
  for (const [path, text] of Object.entries(files)) {
    const file = join(home, path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, text)
  }
  const nats = await connect(server.options)
  t.teardown(() => nats.close())
  const urls = new Map<string, PromiseWithResolvers<string>>()
  nats.subscribe(instancesSubject('backtesting'), {
    callback: (_, message) => {
      const { state, instanceId, url } = instanceAnnouncement.parse(message.json())
      if (state === 'ready') urls.get(instanceId)?.resolve(url)
    },
  })
  await nats.flush()

  const start: Replicas['start'] = async (name, env = {}) => {
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
    const stop = async (): Promise<void> => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
      await exited
    }
    t.teardown(async () => {
      await stop()
      if (!t.passing()) t.comment(`${name} said: ${output}`)
    })
    exited.then(
      () => ready.reject(new Error(`${name} ended before it was ready: ${output}`)),
      (error: unknown) => ready.reject(error),
    )
    const url = await ready.promise
    const headers = { 'x-colibri-edge-token': EDGE_TOKEN, 'content-type': 'application/json' }
    const send = async (path: string, init: RequestInit): Promise<Reply> => {
      const response = await fetch(url + path, { ...init, headers })
      const text = await response.text()
      return { status: response.status, headers: response.headers, text, body: JSON.parse(text) as unknown }
    }
    return {
      process: child,
      url,
      headers,
      get: (path) => send(path, {}),
      post: (path, body) => send(path, { method: 'POST', body: JSON.stringify(body) }),
      remove: (path) => send(path, { method: 'DELETE' }),
      stop,
    }
  }
  return { nats, databaseUrl: postgres.url, home, start }
}
