import { type EmbeddedPostgres, startPostgres } from '@colibri/local'
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
    server = await startPostgres({ dir: folder.path })
  } catch (error) {
    await folder.remove()
    throw error
  }
  const { url, port } = server
  t.teardown(async () => {
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
