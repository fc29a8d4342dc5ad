import type { ClientBase, Pool } from 'pg'
import { migrateLeases } from './postgres-schema.ts'

/**
 * Leases in Postgres, next to the log that their tokens fence. A lease is held until its time is over by the database's
 * clock, or its owner's session has ended, whichever is first: a process that was killed is replaced at once, one that is
 * frozen after its time.
 */
export interface Lease {
  readonly name: string
  /** Rises with every new owner. */
  readonly token: number
  readonly owner: string | null
  /** Where the owner can be reached. */
  readonly address: string | null
  readonly held: boolean
}

export interface Taken {
  readonly token: number
  /** How long the owner before may still believe that it holds the lease; null when there was none, or it gave it back. */
  readonly formerMs: number | null
}

/** A process that takes leases, on one session of its own: its leases end with that session. */
export interface LeaseOwner {
  /** Never the same for two processes. */
  readonly id: string
  readonly address: string
  readonly ttlMs: number
}

export interface LeaseTable {
  /** Undefined when somebody else holds it. Waits for appends under way that carry the token before. */
  take(name: string): Promise<Taken | undefined>
  /** Prolongs everything this owner holds and gives all leases whose names begin so, its own included. */
  renew(prefix: string): Promise<readonly Lease[]>
  /** Lets go of a lease, if this owner still has it under this token. */
  release(name: string, token: number): Promise<void>
  /** Removes leases nobody holds. Only for names that never come again: a token must not begin anew. */
  forget(names: readonly string[]): Promise<void>
}

/** Creates the table of leases where it is missing. A log in Postgres does so itself. */
export const prepareLeases = (pool: Pool): Promise<void> => migrateLeases(pool)

interface LeaseRow {
  readonly name: string
  readonly token: string
  readonly owner: string | null
  readonly address: string | null
  readonly held: boolean
}

/** The leases as seen and taken over one connection, whose session they live by. */
export const openLeases = async (client: ClientBase, owner: LeaseOwner): Promise<LeaseTable> => {
  const session = await client.query<{ pid: number; start: string }>(
    'select pid, backend_start::text as start from pg_stat_activity where pid = pg_backend_pid()',
  )
  const own = session.rows[0]
  if (own === undefined) throw new Error('Postgres does not show this connection its own session')

  return {
    async take(name) {
      const { rows } = await client.query<{ new_token: string; former_ms: number | null }>(
        'select new_token::text, former_ms from log.take_lease($1, $2, $3, $4::integer, $5::timestamptz, $6::integer)',
        [name, owner.id, owner.address, own.pid, own.start, owner.ttlMs],
      )
      const row = rows[0]
      return row === undefined ? undefined : { token: Number(row.new_token), formerMs: row.former_ms }
    },

    async renew(prefix) {
      await client.query(
        `update log.leases set expires_at = clock_timestamp() + $2 * interval '1 millisecond', address = $3,
          backend_pid = $4, backend_start = $5 where owner = $1`,
        [owner.id, owner.ttlMs, owner.address, own.pid, own.start],
      )
      const { rows } = await client.query<LeaseRow>(
        `select name, token::text, owner, address, log.lease_is_held(l) as held from log.leases l
          where starts_with(name, $1) order by name`,
        [prefix],
      )
      return rows.map((row) => ({ ...row, token: Number(row.token) }))
    },

    async release(name, token) {
      await client.query(
        'update log.leases set owner = null, address = null where name = $1 and owner = $2 and token = $3',
        [name, owner.id, token],
      )
    },

    async forget(names) {
      await client.query('delete from log.leases l where name = any($1) and not log.lease_is_held(l)', [names])
    },
  }
}
