import type { Pool } from 'pg'
import pg from 'pg'
import { backOff, pause } from './pause.ts'

const RETRY = { firstMs: 200, longestMs: 2_000 }
const ASK_EVERY_MS = 1_000
const HEARTBEAT_MS = 1_000
const ANSWER_WITHIN_MS = 3_000

/** Postgres keeps no more of a connection's name. */
const NAME_LENGTH = 63

export interface Candidacy {
  /** Runs while this process leads; must end when the signal aborts, which it does when the lock may be lost. */
  lead(signal: AbortSignal): Promise<void>
  /** Another connection holds the lock: told once each time this process begins to wait, with that one's application name. */
  onOccupied?(holder: Holder): void
  onError(error: unknown): void
}

export interface Holder {
  readonly name: string
  /** `itself`: a connection this process has lost, and Postgres has not missed yet. */
  readonly who: 'itself' | 'another'
}

/**
 * Runs `lead` in one process of all that ask with the same name: the one that holds a Postgres advisory lock, whose
 * connection is watched. Returns when `signal` aborts.
 */
export const whileLeader = async (
  pool: Pool,
  name: string,
  candidacy: Candidacy,
  signal: AbortSignal,
): Promise<void> => {
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    try {
      await standOnce(pool, name, candidacy, signal)
      attempt = 0
    } catch (error) {
      candidacy.onError(error)
    }
    await pause(backOff(attempt, RETRY), signal)
  }
}

const standOnce = async (pool: Pool, name: string, candidacy: Candidacy, signal: AbortSignal): Promise<void> => {
  const config: pg.ClientConfig & { query_timeout: number } = { ...pool.options, query_timeout: ANSWER_WITHIN_MS }
  const client = new pg.Client(config)
  const lost = new AbortController()
  let reason: Error | undefined
  let told: string | undefined
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
          await candidacy.lead(ending)
        } finally {
          lost.abort()
          await watching
        }
        break
      }
      if (candidacy.onOccupied !== undefined) {
        const holder = await holderOf(client, name)
        if (holder !== undefined && holder !== told) {
          const own = config.application_name?.slice(0, NAME_LENGTH)
          candidacy.onOccupied({ name: holder, who: holder === own ? 'itself' : 'another' })
        }
        told = holder
      }
      await pause(ASK_EVERY_MS, ending)
    }
    if (reason !== undefined && !signal.aborted) throw reason
  } finally {
    // Ends the session and with it the lock; a connection already gone has nothing to end, or never says that it has.
    await Promise.race([client.end().catch(() => undefined), pause(ANSWER_WITHIN_MS)])
  }
}

const holderOf = async (client: pg.Client, name: string): Promise<string | undefined> => {
  const { rows } = await client.query<{ holder: string }>(
    `select activity.application_name as holder
      from pg_locks lock join pg_stat_activity activity using (pid)
      where lock.locktype = 'advisory' and lock.granted and lock.objsubid = 1
        and lock.database = (select oid from pg_database where datname = current_database())
        and (lock.classid::bigint << 32) | lock.objid::bigint = hashtextextended($1, 0)`,
    [name],
  )
  return rows[0]?.holder
}

const watch = async (client: pg.Client, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    await pause(HEARTBEAT_MS, signal)
    if (!signal.aborted) await client.query('select 1')
  }
}
