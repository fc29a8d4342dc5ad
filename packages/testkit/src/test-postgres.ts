import { setTimeout as sleep } from 'node:timers/promises'
import { type EmbeddedPostgres, startPostgres } from '@colibri/local'
import pg from 'pg'
import { copyPostgresTemplate } from './postgres-template.ts'
import { type TearsDown, temporaryFolder } from './temporary-folder.ts'

export interface TestPostgres {
  /** Of an empty database on a server of its own; the same after a restart. */
  url: string
  pid(): number
  /** SIGKILL; `restart` brings it back with its data. */
  kill(): Promise<void>
  /** Ends the server, unless it was killed already, and starts it on the same port and data. */
  restart(): Promise<void>
}

/** A real Postgres server with a fresh database, gone when the test ends. */
export const testPostgres = async (t: TearsDown): Promise<TestPostgres> => {
  const folder = await temporaryFolder('postgres')
  let server: EmbeddedPostgres
  try {
    await copyPostgresTemplate(folder.path)
    server = await startPostgres({ dir: folder.path })
  } catch (error) {
    await folder.remove()
    throw error
  }
  const { url, port } = server
  t.teardown(async () => {
    await clientsGone(url)
    await server.stop()
    await folder.remove()
  })
  return {
    url,
    pid: () => server.pid,
    kill: () => server.kill(),
    restart: async () => {
      await server.stop()
      server = await startPostgres({ dir: folder.path, port })
    },
  }
}

const PATIENCE_MS = 500

/** A pool that has ended still hangs up: a server that stops meanwhile would be an error in a test that is over. */
const clientsGone = async (url: string): Promise<void> => {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: PATIENCE_MS })
  client.on('error', () => undefined)
  try {
    await client.connect()
    for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; await sleep(5)) {
      const { rows } = await client.query(
        "select from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()",
      )
      if (rows.length === 0) return
    }
  } catch {
    // A server that a test has killed has no clients.
  } finally {
    await client.end().catch(() => undefined)
  }
}
