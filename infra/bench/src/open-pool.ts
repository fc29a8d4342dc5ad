import pg from 'pg'

/** Connections to a server that a bench stops as soon as it has ended them: a goodbye that comes too late is no error. */
export const openPool = (connectionString: string, max: number): pg.Pool => {
  const pool = new pg.Pool({ connectionString, max })
  pool.on('error', (error) => {
    if (!pool.ending) throw error
  })
  return pool
}
