import { type EmbeddedNats, type NatsUser, startNats } from '@colibri/local'
import type { ConnectionOptions } from '@nats-io/nats-core'
import { type TearsDown, temporaryFolder } from './temporary-folder.ts'

export interface TestNats {
  url: string
  mqttUrl: string
  /** Of the first user: pass to `connect`. */
  options: ConnectionOptions & { servers: string; user: string; pass: string }
  users: readonly NatsUser[]
  pid(): number
  /** SIGKILL; `restart` brings it back with its streams. */
  kill(): Promise<void>
  /** Ends the server, unless it was killed already, and starts it on the same ports and data. */
  restart(): Promise<void>
}

export interface TestNatsOptions {
  /** One user with every right when absent. */
  users?: readonly NatsUser[]
}

/** A real NATS server with JetStream and MQTT, gone when the test ends. */
export const testNats = async (t: TearsDown, options: TestNatsOptions = {}): Promise<TestNats> => {
  const folder = await temporaryFolder('nats')
  const start = (ports: { port?: number; mqttPort?: number }): Promise<EmbeddedNats> =>
    startNats({ dir: folder.path, ...ports, ...options })
  let server: EmbeddedNats
  try {
    server = await start({})
  } catch (error) {
    await folder.remove()
    throw error
  }
  const { url, port, mqttPort, users } = server
  t.teardown(async () => {
    await server.stop()
    await folder.remove()
  })
  const first = users[0]
  if (first === undefined) throw new Error('testNats needs at least one user')
  return {
    url,
    mqttUrl: `mqtt://127.0.0.1:${mqttPort}`,
    options: { servers: url, user: first.user, pass: first.password },
    users,
    pid: () => server.pid,
    kill: () => server.kill(),
    restart: async () => {
      await server.stop()
      server = await start({ port, mqttPort })
    },
  }
}
