import { createHash, randomUUID } from 'node:crypto'
import { escapeIdentifier, type Pool, type PoolClient } from 'pg'
import { withClient } from './postgres-transaction.ts'
import type { Projection } from './projection.ts'

export interface TableDigest {
  readonly table: string
  readonly rows: number
  /** Hex sha256 over the columns' names and types and every row as text, in the order of that text. */
  readonly sha256: string
}

const FETCH = 5_000

/** The tables the projection's DDL makes, found by running it in a schema that is never committed. */
export const tableNames = async (client: PoolClient, projection: Projection): Promise<readonly string[]> => {
  const trial = `trial_${randomUUID().replaceAll('-', '')}`
  await client.query(`begin; create schema ${trial}; set local search_path to ${trial}`)
  try {
    await client.query(projection.tables)
    return await tablesOf(client, trial)
  } finally {
    await client.query('rollback')
  }
}

export const tablesOf = async (client: PoolClient, schema: string): Promise<readonly string[]> => {
  const result = await client.query<{ name: string }>(
    `select relname as name from pg_class where relnamespace = $1::regnamespace and relkind in ('r', 'p')
     order by relname collate "C"`,
    [escapeIdentifier(schema)],
  )
  return result.rows.map((row) => row.name)
}

/**
 * One digest per table of a projection, all of one snapshot: equal digests mean equal columns and byte-identical rows.
 * Physical order, dead rows and the session's settings make no difference.
 */
export const tableDigests = (pool: Pool, projection: Projection, schema: string): Promise<readonly TableDigest[]> =>
  withClient(pool, async (client) => {
    const tables = await tableNames(client, projection)
    await client.query('begin isolation level repeatable read read only')
    try {
      await client.query(`set local timezone to 'UTC'; set local datestyle to 'ISO, YMD'; set local intervalstyle to 'postgres';
        set local extra_float_digits to 3; set local bytea_output to 'hex'`)
      const digests: TableDigest[] = []
      for (const table of tables) digests.push(await digestOf(client, schema, table))
      return digests
    } finally {
      await client.query('rollback')
    }
  })

const digestOf = async (client: PoolClient, schema: string, table: string): Promise<TableDigest> => {
  const name = `${escapeIdentifier(schema)}.${escapeIdentifier(table)}`
  const hash = createHash('sha256')
  const columns = await client.query<{ line: string }>(
    `select attname || ' ' || format_type(atttypid, atttypmod) as line from pg_attribute
     where attrelid = $1::regclass and attnum > 0 and not attisdropped order by attnum`,
    [name],
  )
  for (const { line } of columns.rows) hash.update(`${line}\n`)
  await client.query(
    `declare digest no scroll cursor for select t::text as line from ${name} t order by t::text collate "C"`,
  )
  let rows = 0
  for (;;) {
    const batch = await client.query<{ line: string }>(`fetch ${FETCH} from digest`)
    for (const { line } of batch.rows) hash.update(`${line}\n`)
    rows += batch.rows.length
    if (batch.rows.length < FETCH) break
  }
  await client.query('close digest')
  return { table, rows, sha256: hash.digest('hex') }
}
