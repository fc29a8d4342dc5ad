import { escapeIdentifier, type Pool } from 'pg'
import { comparePositions, type Position, START } from './event-log.ts'

export type Finding =
  | {
      readonly kind: 'version-gap'
      readonly streamId: string
      readonly events: number
      readonly first: number
      readonly last: number
    }
  | { readonly kind: 'duplicate-id'; readonly eventId: string; readonly times: number }
  | { readonly kind: 'unreadable'; readonly position: Position; readonly reason: string }
  | { readonly kind: 'transaction-ahead'; readonly position: Position; readonly next: string }
  | {
      readonly kind: 'checkpoint-ahead'
      readonly schema: string
      readonly projection: string
      readonly position: Position
      readonly end: Position
    }
  | {
      readonly kind: 'parked'
      readonly schema: string
      readonly projection: string
      readonly eventId: string
      readonly error: string
    }
  | {
      readonly kind: 'readers-held-up'
      readonly processId: number
      readonly application: string
      readonly seconds: number
    }

export interface Verification {
  readonly events: number
  readonly streams: number
  readonly end: Position
  readonly findings: readonly Finding[]
}

const PAGE = 5_000
/** A transaction that keeps readers from newer events for longer than this is worth a word. */
const HELD_UP_SECONDS = 5

/**
 * Examines the whole log and every checkpoint in the database. The tests do not trust the indexes: they compare the rows
 * themselves. Reads in pages, in one snapshot.
 */
export const verifyLog = async (pool: Pool): Promise<Verification> => {
  const client = await pool.connect()
  let broken: Error | undefined
  const onError = (error: Error) => {
    broken = error
  }
  client.on('error', onError)
  try {
    await client.query('begin isolation level repeatable read read only')
    // Whole-table answers must come from the rows: a damaged unique index would hide what it failed to prevent.
    await client.query(
      'set local enable_indexscan to off; set local enable_indexonlyscan to off; set local enable_bitmapscan to off',
    )
    const findings: Finding[] = []

    const gaps = await client.query<{ streamId: string; events: number; first: number; last: number }>(
      `select stream_id as "streamId", count(*)::integer as events, min(version) as first, max(version) as last
       from log.events group by stream_id
       having min(version) <> 0 or max(version) <> count(*) - 1 or count(distinct version) <> count(*) order by stream_id`,
    )
    for (const row of gaps.rows) findings.push({ kind: 'version-gap', ...row })

    const duplicates = await client.query<{ eventId: string; times: number }>(
      `select event_id::text as "eventId", count(*)::integer as times from log.events
       group by event_id having count(*) > 1 order by event_id`,
    )
    for (const row of duplicates.rows) findings.push({ kind: 'duplicate-id', ...row })
    await client.query('set local enable_indexscan to on; set local enable_indexonlyscan to on')

    let position: Position = START
    let events = 0
    for (;;) {
      const [transaction, sequence] = position.split('/')
      const page = await client.query<{ transaction: string; sequence: string; data: string; metadata: string }>(
        `select transaction_id::text as transaction, sequence::text as sequence, data::text as data, metadata::text as metadata
         from log.events where (transaction_id, sequence) > ($1::xid8, $2::bigint)
         order by transaction_id, sequence limit ${PAGE}`,
        [transaction, sequence],
      )
      for (const row of page.rows) {
        position = `${row.transaction}/${row.sequence}`
        const reason = unreadable(row.data, row.metadata)
        if (reason !== undefined) findings.push({ kind: 'unreadable', position, reason })
      }
      events += page.rows.length
      if (page.rows.length < PAGE) break
    }

    const server = await client.query<{ next: string; streams: number }>(
      `select pg_snapshot_xmax(pg_current_snapshot())::text as next,
              (select count(distinct stream_id)::integer from log.events) as streams`,
    )
    const next = server.rows[0]?.next ?? '0'
    if (comparePositions(position, `${next}/0`) >= 0) findings.push({ kind: 'transaction-ahead', position, next })

    const schemas = await client.query<{ schema: string }>(
      `select table_schema as schema from information_schema.tables where table_name = 'projection_checkpoints'
       order by table_schema`,
    )
    for (const { schema } of schemas.rows) {
      const name = escapeIdentifier(schema)
      const checkpoints = await client.query<{ projection: string; position: Position }>(
        `select projection, position from ${name}.projection_checkpoints order by projection`,
      )
      for (const checkpoint of checkpoints.rows) {
        if (comparePositions(checkpoint.position, position) > 0) {
          findings.push({ kind: 'checkpoint-ahead', schema, ...checkpoint, end: position })
        }
      }
      const parked = await client.query<{ projection: string; eventId: string; error: string }>(
        `select projection, event_id::text as "eventId", error from ${name}.parked_events order by projection, event_id`,
      )
      for (const row of parked.rows) findings.push({ kind: 'parked', schema, ...row })
    }

    const holders = await client.query<{ processId: number; application: string; seconds: number }>(
      `select pid as "processId", coalesce(application_name, '') as application,
              extract(epoch from clock_timestamp() - xact_start)::integer as seconds
       from pg_stat_activity where backend_xid is not null and clock_timestamp() - xact_start > make_interval(secs => $1)
       order by xact_start`,
      [HELD_UP_SECONDS],
    )
    for (const row of holders.rows) findings.push({ kind: 'readers-held-up', ...row })

    await client.query('rollback')
    return { events, streams: server.rows[0]?.streams ?? 0, end: position, findings }
  } finally {
    client.off('error', onError)
    client.release(broken)
  }
}

const unreadable = (data: string, metadata: string): string | undefined => {
  try {
    for (const [name, text] of [
      ['data', data],
      ['metadata', metadata],
    ] as const) {
      const value: unknown = JSON.parse(text)
      if (typeof value !== 'object' || value === null) return `${name} is not an object`
    }
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
