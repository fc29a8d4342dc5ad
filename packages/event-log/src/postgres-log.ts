import type { Pool } from 'pg'
import pg from 'pg'
import { type EventLog, LogUnavailable, type Page, type Position, type RecordedEvent, START } from './event-log.ts'
import { appendToPostgres } from './postgres-append.ts'
import { isConnectionLoss } from './postgres-errors.ts'
import { createNotifications } from './postgres-notifications.ts'
import { within } from './postgres-query.ts'
import { migrateLog } from './postgres-schema.ts'
import { subscribeByPages } from './subscribe.ts'
import { createWakeup } from './wakeup.ts'

export interface PostgresLogOptions {
  /** Longest time one statement may take before the log counts as unavailable; 10 s unless given. */
  readonly statementMs?: number
  /** How long an append tries to reach a Postgres that has gone away; 5 s unless given. */
  readonly unavailableAfterMs?: number
  /** The longest a subscriber sleeps when no notification arrives; 500 ms unless given. */
  readonly pollMs?: number
  /** Events a subscription reads at once; 1,000 unless given. */
  readonly pageEvents?: number
  /** Told of errors the log recovers from by itself: lost connections, failing handlers. */
  readonly onError?: (error: unknown) => void
}

export type PostgresLogSource = { readonly pool: Pool } | { readonly url: string }

const DEFAULT_LIMIT = 1_000

const COLUMNS = `transaction_id::text as transaction, sequence::text as sequence, stream_id, version, event_id, type,
  schema_version, data::text as data, metadata::text as metadata,
  (extract(epoch from recorded_at) * 1000)::float8 as recorded_at`

const READ = {
  name: 'colibri-log-read',
  text: `select ${COLUMNS} from log.events where stream_id = $1 and version >= $2::integer order by version`,
}

/**
 * Only transactions older than every running one are read, in the order of their ids: a transaction that commits later
 * cannot appear before the place a reader has reached. Rows the filter leaves out come back as bare positions.
 */
const PAGE = {
  name: 'colibri-log-page',
  text: `
select h.pending, e.* from (
  select horizon, coalesce(
    (select transaction_id >= horizon from log.events order by transaction_id desc, sequence desc limit 1), false
  ) as pending
  from (select pg_snapshot_xmin(pg_current_snapshot()) as horizon) s
) h left join lateral (
  select f.transaction_id::text as transaction, f.sequence::text as sequence, f.matches,
    case when f.matches then stream_id end as stream_id, case when f.matches then version end as version,
    case when f.matches then event_id end as event_id, case when f.matches then type end as type,
    case when f.matches then schema_version end as schema_version, case when f.matches then data::text end as data,
    case when f.matches then metadata::text end as metadata,
    case when f.matches then (extract(epoch from recorded_at) * 1000)::float8 end as recorded_at
  from (
    select *, ($4::text[] is null or split_part(stream_id, '-', 1) = any($4::text[]))
      and ($5::text[] is null or type = any($5::text[])) as matches
    from log.events
    where (transaction_id, sequence) > ($1::xid8, $2::bigint) and transaction_id < h.horizon
    order by transaction_id, sequence limit $3::integer
  ) f
) e on true`,
}

const READ_AT = {
  name: 'colibri-log-read-at',
  text: `select ${COLUMNS} from unnest($1::xid8[], $2::bigint[]) as wanted(transaction_id, sequence)
    join log.events using (transaction_id, sequence)`,
}

const END = {
  name: 'colibri-log-end',
  text: `select transaction_id::text as transaction, sequence::text as sequence from log.events
    order by transaction_id desc, sequence desc limit 1`,
}

interface EventRow {
  readonly transaction: string
  readonly sequence: string
  readonly stream_id: string
  readonly version: number
  readonly event_id: string
  readonly type: string
  readonly schema_version: number
  readonly data: string
  readonly metadata: string
  readonly recorded_at: number
}
type PageRow = { readonly pending: boolean } & (
  | ({ readonly matches: true } & EventRow)
  | { readonly matches: false; readonly transaction: string; readonly sequence: string }
  | { readonly matches: null }
)

const recorded = (row: EventRow): RecordedEvent => ({
  id: row.event_id,
  type: row.type,
  schemaVersion: row.schema_version,
  data: JSON.parse(row.data) as RecordedEvent['data'],
  metadata: JSON.parse(row.metadata) as RecordedEvent['metadata'],
  streamId: row.stream_id,
  version: row.version,
  position: `${row.transaction}/${row.sequence}`,
  recordedAt: Math.floor(row.recorded_at),
})

/**
 * The log in Postgres, schema `log`, created when missing. A pool that is passed in stays the caller's: `close` leaves it
 * open. Positions are `<transaction id>/<sequence>`.
 */
export const openPostgresLog = async (source: PostgresLogSource & PostgresLogOptions): Promise<EventLog> => {
  const { statementMs = 10_000, unavailableAfterMs = 5_000, pollMs = 500, pageEvents = DEFAULT_LIMIT } = source
  const { onError = () => {} } = source
  const pool =
    'pool' in source
      ? source.pool
      : new pg.Pool({ connectionString: source.url, max: 16, connectionTimeoutMillis: 5_000, keepAlive: true })
  // An idle connection that breaks is replaced by the pool; without a listener the event would end the process.
  pool.on('error', onError)

  const closing = new AbortController()
  const wakeup = createWakeup()
  const notifications = createNotifications(pool, wakeup, onError)

  const query = async <Row extends pg.QueryResultRow>(action: string, config: pg.QueryConfig): Promise<Row[]> => {
    try {
      return (await pool.query<Row>(within(statementMs, config))).rows
    } catch (error) {
      throw isConnectionLoss(error) ? new LogUnavailable(action, error) : error
    }
  }

  const readAll: EventLog['readAll'] = async (from, { filter = {}, limit = DEFAULT_LIMIT } = {}) => {
    if (!Number.isInteger(limit) || limit < 1)
      throw new TypeError(`limit ${limit} is not a number of events; use 1, 2 …`)
    const [transaction, sequence] = from.split('/')
    const values = [transaction, sequence, limit, filter.categories ?? null, filter.types ?? null]
    const rows = await query<PageRow>(`read all after ${from}`, { ...PAGE, values })
    return toPage(rows, from, limit)
  }

  if ('url' in source) await migrateLog(pool).catch((error: unknown) => pool.end().then(() => Promise.reject(error)))
  else await migrateLog(pool)

  return {
    append: async (streamId, events, expectedVersion, fence) => {
      const result = await appendToPostgres(
        pool,
        { statementMs, unavailableAfterMs },
        streamId,
        events,
        expectedVersion,
        fence,
      ).catch((error: unknown) => {
        throw isConnectionLoss(error) ? new LogUnavailable(`append to ${streamId}`, error) : error
      })
      notifications.announce()
      return result
    },
    read: async (streamId, fromVersion = 0) =>
      (await query<EventRow>(`read ${streamId}`, { ...READ, values: [streamId, fromVersion] })).map(recorded),
    readAll,
    readAt: async (positions) => {
      const parts = positions.map((position) => position.split('/'))
      const values = [parts.map(([transaction]) => transaction), parts.map(([, sequence]) => sequence)]
      return (await query<EventRow>(`read ${positions.length} events`, { ...READ_AT, values })).map(recorded)
    },
    end: async () => {
      const [last] = await query<{ transaction: string; sequence: string }>('find the end', END)
      return last === undefined ? START : `${last.transaction}/${last.sequence}`
    },
    subscribe: async (from, filter, handler, signal) => {
      notifications.listen()
      const page = (position: Position) => readAll(position, { filter, limit: pageEvents })
      const ending = AbortSignal.any([signal, closing.signal])
      await subscribeByPages({ page, wakeup, pollMs, onError }, from, filter, handler, ending)
    },
    close: async () => {
      closing.abort()
      await notifications.close()
      pool.off('error', onError)
      if ('url' in source) await pool.end()
    },
  }
}

const toPage = (rows: readonly PageRow[], from: Position, limit: number): Page => {
  const events: RecordedEvent[] = []
  let position = from
  let seen = 0
  for (const row of rows) {
    if (row.matches === null) continue
    seen += 1
    position = `${row.transaction}/${row.sequence}`
    if (row.matches) events.push(recorded(row))
  }
  return { events, position, atEnd: seen < limit, pending: rows[0]?.pending ?? false }
}
