import type { AuditPage, AuditRequest, AuditRow } from '@colibri/contracts'
import type { EventLog, Position, RecordedEvent } from '@colibri/event-log'
import type { Pool } from 'pg'

export interface AuditQueries {
  page(request: AuditRequest): Promise<AuditPage>
}

interface Found {
  readonly number: string
  readonly position: Position
  readonly account: string | null
}

/** `current` resolves when the rows show everything that is in the log. */
export const auditQueries = (pool: Pool, log: EventLog, current: () => Promise<void>): AuditQueries => ({
  async page(request) {
    await current()
    const { text, values } = pageQuery(request)
    const { rows } = await pool.query<Found>(text, values)
    const found = rows.slice(0, request.limit)
    const events = new Map(
      (await log.readAt(found.map(({ position }) => position))).map((event) => [event.position, event]),
    )
    const last = found.at(-1)
    const hasMore = rows.length > request.limit
    return {
      data: found.flatMap((row) => {
        const event = events.get(row.position)
        return event === undefined ? [] : [rowOf(event, row.account)]
      }),
      pagination: {
        limit: request.limit,
        has_more: hasMore,
        next_cursor: hasMore && last !== undefined ? last.number : null,
      },
    }
  },
})

/**
 * Newest first, and one row more than the limit. Each filter and the times are ranges of one index; only what is asked for is
 * in the text, so that the plan is made for it. What is stored later has a higher number: pages behind a cursor stand still.
 */
export const pageQuery = (request: AuditRequest): { readonly text: string; readonly values: unknown[] } => {
  const values: unknown[] = []
  const value = (given: unknown): string => `$${values.push(given)}`
  const conditions: string[] = []
  if (request.cursor !== null) conditions.push(`number < ${value(request.cursor)}::bigint`)
  if (request.actor !== null) conditions.push(`actor = ${value(request.actor)}`)
  if (request.account_name !== null) conditions.push(`account_name = ${value(request.account_name)}`)
  if (request.event_type !== null) conditions.push(`event_type = ${value(request.event_type)}`)
  if (request.start_time !== null) {
    const first = `select number from trading.audit where stored_at >= ${value(request.start_time)}::bigint order by stored_at, number limit 1`
    conditions.push(`number >= (${first})`)
  }
  if (request.end_time !== null) {
    const last = `select number from trading.audit where stored_at <= ${value(request.end_time)}::bigint order by stored_at desc, number desc limit 1`
    conditions.push(`number <= (${last})`)
  }
  const where = conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`
  const text = `select number::text, position, account_name as account from trading.audit ${where}
order by audit.number desc limit ${value(request.limit + 1)}`
  return { text, values }
}

const rowOf = (event: RecordedEvent, account: string | null): AuditRow => ({
  event_id: event.id,
  type: event.type,
  stream_id: event.streamId,
  version: event.version,
  position: event.position,
  time: event.metadata.time,
  recorded_at: event.recordedAt,
  actor: event.metadata.actor,
  address: event.metadata.address ?? null,
  account_name: account,
  correlation_id: event.metadata.correlationId,
  causation_id: event.metadata.causationId,
  data: { ...event.data },
})
