import type { Pool } from 'pg'
import { LEASES } from './lease-schema.ts'
import { inTransaction } from './postgres-transaction.ts'

/** Serialises migrations of every process that opens the log at the same moment. */
const MIGRATION_LOCK = 'colibri log migration'

/**
 * One table holds every event. Its primary key is the global order: transaction ids order transactions the way readers
 * can tell finished from running, the sequence orders events inside one. `json` (not `jsonb`) keeps the text as written.
 */
const TABLE = `
create table log.events (
  transaction_id xid8 not null default pg_current_xact_id(),
  sequence bigint not null generated always as identity,
  stream_id text not null,
  version integer not null check (version >= 0),
  event_id uuid not null,
  type text not null,
  schema_version integer not null check (schema_version >= 1),
  data json not null,
  metadata json not null,
  recorded_at timestamptz not null default clock_timestamp(),
  constraint events_position primary key (transaction_id, sequence),
  constraint events_stream_version unique (stream_id, version),
  constraint events_event_id unique (event_id)
)`

/** Creates schema and tables unless they are there, and refuses a server on which the log could not keep its promises. */
export const migrateLog = async (pool: Pool): Promise<void> => {
  await createWhereMissing(pool, 'log.events', TABLE)
  await migrateLeases(pool)
  await assertDurable(pool)
  await assertTransactionIdsAhead(pool)
}

/** The leases alone, for those whose events are stored elsewhere. */
export const migrateLeases = (pool: Pool): Promise<void> => createWhereMissing(pool, 'log.leases', LEASES)

const createWhereMissing = async (pool: Pool, table: string, ddl: string): Promise<void> => {
  // Asked of the catalog itself: a name that was looked up in vain before may be remembered as missing.
  const isThere = {
    text: `select exists (select from pg_tables where schemaname || '.' || tablename = $1) as present`,
    values: [table],
  }
  const present = await pool.query<{ present: boolean }>(isThere)
  if (present.rows[0]?.present === true) return
  await inTransaction(pool, async (client) => {
    await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [MIGRATION_LOCK])
    await client.query('create schema if not exists log')
    const again = await client.query<{ present: boolean }>(isThere)
    if (again.rows[0]?.present !== true) await client.query(ddl)
  })
}

const assertDurable = async (pool: Pool): Promise<void> => {
  const settings = await pool.query<{ name: string; setting: string }>(
    `select name, setting from pg_settings where name in ('fsync', 'synchronous_commit')`,
  )
  for (const { name, setting } of settings.rows) {
    if (setting === 'off') {
      throw new Error(`Postgres runs with ${name}=off: an acknowledged event could be lost; set ${name}=on`)
    }
  }
}

/**
 * A dump restored into a younger server brings transaction ids that server has yet to hand out: new events would sort
 * before old ones. A physical backup keeps the counter.
 */
const assertTransactionIdsAhead = async (pool: Pool): Promise<void> => {
  const result = await pool.query<{ last: string | null; next: string }>(
    `select (select transaction_id::text from log.events order by transaction_id desc, sequence desc limit 1) as last,
            pg_snapshot_xmax(pg_current_snapshot())::text as next`,
  )
  const row = result.rows[0]
  if (row?.last != null && BigInt(row.last) >= BigInt(row.next)) {
    throw new Error(
      `the log holds transaction ${row.last} but this server is only at ${row.next}: restore the log from a physical ` +
        'backup, or advance the counter with pg_resetwal --epoch and --next-transaction-id',
    )
  }
}
