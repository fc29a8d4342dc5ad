import type { Pool, PoolClient } from 'pg'

/** Lends a client of the pool. One whose connection broke is thrown away, not given to the next borrower. */
export const withClient = async <T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> => {
  const client = await pool.connect()
  let broken: Error | undefined
  // Without a listener the loss of a borrowed connection would end the process; the running query reports it.
  const onError = (error: Error) => {
    broken = error
  }
  client.on('error', onError)
  try {
    return await work(client)
  } finally {
    client.off('error', onError)
    client.release(broken)
  }
}

/** Runs `work`, which begins a transaction, and rolls back what it leaves open when it fails. */
export const withRollback = <T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> =>
  withClient(pool, async (client) => {
    try {
      return await work(client)
    } catch (error) {
      // A rollback that fails means a dead connection, on which nothing is left open.
      await client.query('rollback').catch((failure: Error) => client.emit('error', failure))
      throw error
    }
  })

/** Runs `work` in one transaction. */
export const inTransaction = <T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> =>
  withRollback(pool, async (client) => {
    await client.query('begin')
    const result = await work(client)
    await client.query('commit')
    return result
  })
