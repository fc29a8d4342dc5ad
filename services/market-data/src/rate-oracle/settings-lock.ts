import { unavailable } from '@colibri/service-kit'
import type { Pool } from 'pg'
import type { Exclusively } from './rate-settings.ts'

const PATIENCE = '5s'
const LONGEST_LINE = 100

const busy = () => unavailable('The configuration is being written by others, try again')

const isLockTimeout = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === '55P03'

/**
 * One writer of the file over all replicas, by a lock in the database that ends with its holder. Within a replica writers
 * line up, so that together they need one connection.
 */
export const settingsLock = (pool: Pool): Exclusively => {
  let line: Promise<unknown> = Promise.resolve()
  let waiting = 0
  return async (work) => {
    if (waiting >= LONGEST_LINE) throw busy()
    waiting += 1
    const turn = line.then(() => underLock(pool, work))
    line = turn.catch(() => undefined)
    try {
      return await turn
    } finally {
      waiting -= 1
    }
  }
}

const underLock = async <T>(pool: Pool, work: () => Promise<T>): Promise<T> => {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    await client.query(`SET LOCAL lock_timeout = '${PATIENCE}'`)
    await client.query(`SELECT pg_advisory_xact_lock(hashtextextended('market-data rate oracle settings', 0))`)
  } catch (error) {
    // The lock goes with the connection, whatever state that is in.
    client.release(true)
    throw isLockTimeout(error) ? busy() : error
  }
  try {
    return await work()
  } finally {
    await client.query('COMMIT').then(
      () => client.release(),
      () => client.release(true),
    )
  }
}
