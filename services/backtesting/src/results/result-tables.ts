import type { Pool } from 'pg'

/**
 * What is too large for the log: results in compressed chunks, and candles that came with a task. Both can be made again
 * or are of use for a while only, and neither is read as anything else.
 */
const TABLES = `
create schema if not exists backtesting;
create table if not exists backtesting.result_chunks (
  task_id text not null,
  attempt integer not null,
  seq integer not null,
  part text not null,
  bytes bytea not null,
  primary key (task_id, attempt, seq)
);
alter table backtesting.result_chunks alter column bytes set storage external;
create table if not exists backtesting.uploads (
  id text primary key,
  bytes bytea not null,
  saved_at timestamptz not null default now()
);
alter table backtesting.uploads alter column bytes set storage external;
`

export const createResultTables = async (pool: Pool): Promise<void> => {
  const client = await pool.connect()
  try {
    await client.query('begin')
    await client.query("select pg_advisory_xact_lock(hashtextextended('colibri projection tables backtesting', 0))")
    await client.query(TABLES)
    await client.query('commit')
  } catch (error) {
    await client.query('rollback').catch(() => undefined)
    throw error
  } finally {
    client.release()
  }
}
