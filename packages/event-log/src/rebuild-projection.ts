import { createHash } from 'node:crypto'
import { escapeIdentifier, type Pool, type PoolClient } from 'pg'
import { commitWithCheckpoint } from './apply-batch.ts'
import { loadCheckpoint } from './checkpoint.ts'
import { comparePositions, type EventLog, type Page, type Position, START } from './event-log.ts'
import { backOff, pause } from './pause.ts'
import { isTransient } from './postgres-errors.ts'
import { inTransaction, withClient } from './postgres-transaction.ts'
import type { Projection } from './projection.ts'
import { createProjectionTables } from './run-projection.ts'
import { tablesOf } from './table-digests.ts'

export interface RebuildOptions {
  readonly schema: string
  /** Told after every batch how far the fresh tables have come. */
  readonly onProgress?: (position: Position, events: number) => void
}

export interface Rebuilt {
  readonly events: number
  readonly position: Position
  readonly tables: readonly string[]
}

/** Somebody else is rebuilding the same projection. */
export class RebuildRunning extends Error {
  override readonly name = 'RebuildRunning'
  constructor(readonly projection: string) {
    super(`projection ${projection} is being rebuilt already`)
  }
}

/** Events in one transaction: more than a running projection takes, which must be quick. */
const PAGE_EVENTS = 4_000
const SWAP_ATTEMPTS = 20
const SWAP_RETRY = { firstMs: 50, longestMs: 1_000 }
const BOOKKEEPING: readonly string[] = ['projection_checkpoints', 'parked_events']

/** Where the fresh tables grow: a name of its own per projection, within Postgres' 63 bytes. */
const sideSchema = (schema: string, projection: string): string =>
  `${schema.slice(0, 30)}_rebuild_${createHash('sha256').update(`${schema}/${projection}`).digest('hex').slice(0, 12)}`

/**
 * Builds the projection from the first event into fresh tables and then swaps them in, in one transaction. Readers see the
 * old rows or the new ones, never a mix; a running projection waits for the swap at its checkpoint and goes on from the
 * rebuilt one. An event that cannot be applied fails the rebuild and leaves the live tables as they were.
 */
export const rebuildProjection = (
  log: EventLog,
  pool: Pool,
  projection: Projection,
  { schema, onProgress = () => {} }: RebuildOptions,
): Promise<Rebuilt> =>
  withClient(pool, async (guard) => {
    const lock = `colibri rebuild ${schema}/${projection.name}`
    const locked = await guard.query<{ locked: boolean }>(
      'select pg_try_advisory_lock(hashtextextended($1, 0)) as locked',
      [lock],
    )
    if (locked.rows[0]?.locked !== true) throw new RebuildRunning(projection.name)
    const side = sideSchema(schema, projection.name)
    try {
      await createProjectionTables(pool, projection, schema)
      await pool.query(`drop schema if exists ${escapeIdentifier(side)} cascade`)
      await createProjectionTables(pool, projection, side)
      const filled = await fill(log, pool, projection, side, onProgress)
      return await swapPatiently(log, pool, projection, { schema, side, ...filled })
    } finally {
      await pool.query(`drop schema if exists ${escapeIdentifier(side)} cascade`)
      await guard.query('select pg_advisory_unlock(hashtextextended($1, 0))', [lock])
    }
  })

interface Filled {
  readonly position: Position
  readonly events: number
}

const fill = async (
  log: EventLog,
  pool: Pool,
  projection: Projection,
  side: string,
  onProgress: (position: Position, events: number) => void,
): Promise<Filled> => {
  const read = (from: Position): Promise<Page> => {
    const page = log.readAll(from, { filter: projection.filter, limit: PAGE_EVENTS })
    // Awaited at the next turn, which does not come when the page at hand cannot be applied.
    page.catch(() => undefined)
    return page
  }
  let position = START
  let events = 0
  for (let reading = read(START); ; ) {
    const page = await reading
    // The log is read ahead while Postgres takes the rows: both have a core.
    if (!page.atEnd) reading = read(page.position)
    if (comparePositions(page.position, position) > 0) {
      const outcome = await commitWithCheckpoint(
        pool,
        { schema: side, projection: projection.name, from: position, to: page.position },
        async (client) => {
          if (page.events.length > 0) await projection.apply(page.events, client)
        },
      )
      if (outcome.kind !== 'saved')
        throw new Error(`the fresh tables of ${projection.name} were written by somebody else`)
      position = page.position
      events += page.events.length
      onProgress(position, events)
    }
    if (page.atEnd) return { position, events }
  }
}

interface Swap extends Filled {
  readonly schema: string
  readonly side: string
}

/** A reader that holds one of the tables in the wrong order makes Postgres break the deadlock: then the swap is tried again. */
const swapPatiently = async (log: EventLog, pool: Pool, projection: Projection, swap: Swap): Promise<Rebuilt> => {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await inTransaction(pool, (client) => swapIn(log, client, projection, swap))
    } catch (error) {
      if (!isTransient(error) || attempt + 1 >= SWAP_ATTEMPTS) throw error
      await pause(backOff(attempt, SWAP_RETRY))
    }
  }
}

const swapIn = async (
  log: EventLog,
  client: PoolClient,
  projection: Projection,
  { schema, side, position: built, events: applied }: Swap,
): Promise<Rebuilt> => {
  const live = escapeIdentifier(schema)
  const fresh = escapeIdentifier(side)
  await client.query(`set local lock_timeout to '2s'`)
  // From here on the running projection waits at its checkpoint.
  await client.query(
    `insert into ${live}.projection_checkpoints (projection, position) values ($1, $2) on conflict (projection) do nothing`,
    [projection.name, START],
  )
  await client.query(`select from ${live}.projection_checkpoints where projection = $1 for update`, [projection.name])
  const shown = await loadCheckpoint(client, schema, projection.name)

  // What the live rows already show must not vanish from them, not even for a moment.
  let position = built
  let events = applied
  await client.query(`set local search_path to ${fresh}`)
  while (comparePositions(position, shown) < 0) {
    const page = await log.readAll(position, { filter: projection.filter })
    if (comparePositions(page.position, position) <= 0) throw new Error(`the log ends at ${position}, before ${shown}`)
    if (page.events.length > 0) await projection.apply(page.events, client)
    position = page.position
    events += page.events.length
  }

  await client.query(`drop table ${BOOKKEEPING.map((table) => `${fresh}.${table}`).join(', ')}`)
  const tables = await tablesOf(client, side)
  const old = tables.map((table) => `${live}.${escapeIdentifier(table)}`).join(', ')
  if (tables.length > 0) await client.query(`drop table if exists ${old}`)
  for (const table of tables) await client.query(`alter table ${fresh}.${escapeIdentifier(table)} set schema ${live}`)
  // Refuses while anything is left: a projection owns tables and what belongs to them, nothing else.
  await client.query(`drop schema ${fresh}`)
  await client.query(
    `update ${live}.projection_checkpoints set position = $2, updated_at = clock_timestamp() where projection = $1`,
    [projection.name, position],
  )
  // Parked events were tried again with the rest.
  await client.query(`delete from ${live}.parked_events where projection = $1`, [projection.name])
  return { events, position, tables }
}
