import type { Pool } from 'pg'
import pg from 'pg'
import { backOff, pause } from './pause.ts'

const RETRY = { firstMs: 200, longestMs: 2_000 }
const ASK_EVERY_MS = 1_000
const HEARTBEAT_MS = 1_000
const ANSWER_WITHIN_MS = 3_000

/**
 * Runs `lead` in one process of all that ask with the same name: the one that holds a Postgres advisory lock, whose
 * connection is watched. When the lock may be lost the signal aborts; `lead` must end then. Returns when `signal` aborts.
 */
export const whileLeader = async (
  pool: Pool,
  name: string,
  lead: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
  onError: (error: unknown) => void,
): Promise<void> => {
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    try {
      await standOnce(pool, name, lead, signal)
      attempt = 0
    } catch (error) {
      onError(error)
    }
    await pause(backOff(attempt, RETRY), signal)
  }
}

const standOnce = async (
  pool: Pool,
  name: string,
  lead: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> => {
  const config: pg.ClientConfig & { query_timeout: number } = { ...pool.options, query_timeout: ANSWER_WITHIN_MS }
  const client = new pg.Client(config)
  const lost = new AbortController()
  let reason: Error | undefined
  client.on('error', (error) => {
    reason = error
    lost.abort()
  })
  client.on('end', () => lost.abort())
  const ending = AbortSignal.any([signal, lost.signal])
  try {
    await client.connect()
    while (!ending.aborted) {
      const result = await client.query<{ locked: boolean }>(
        'select pg_try_advisory_lock(hashtextextended($1, 0)) as locked',
        [name],
      )
      if (result.rows[0]?.locked === true) {
        const watching = watch(client, ending).catch((error: Error) => {
          reason = error
          lost.abort()
        })
        try {
          await lead(ending)
        } finally {
          lost.abort()
          await watching
        }
        break
      }
      await pause(ASK_EVERY_MS, ending)
    }
    if (reason !== undefined && !signal.aborted) throw reason
  } finally {
    // Ends the session and with it the lock; a connection already gone has nothing to end, or never says that it has.
    await Promise.race([client.end().catch(() => undefined), pause(ANSWER_WITHIN_MS)])
  }
}

const watch = async (client: pg.Client, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    await pause(HEARTBEAT_MS, signal)
    if (!signal.aborted) await client.query('select 1')
  }
}
