import type { AuditPage, AuditRequest, AuditRow } from '@colibri/contracts'
import { comparePositions, type EventLog, type Position, type RecordedEvent, START } from '@colibri/event-log'
import type { Pool } from 'pg'

export interface AuditQueries {
  page(request: AuditRequest): Promise<AuditPage>
}

interface Found {
  readonly number: string
  readonly position: Position
  /** Of the event before it in the log; null for the first. */
  readonly before: Position | null
  readonly account: string | null
}

/** Runs of neighbours that are read from the log at once. */
const READERS = 4

/** `current` resolves when the rows show everything that is in the log. */
export const auditQueries = (pool: Pool, log: EventLog, current: () => Promise<void>): AuditQueries => ({
  async page(request) {
    await current()
    const { text, values } = pageQuery(request)
    const { rows } = await pool.query<Found>(text, values)
    const found = rows.slice(0, request.limit)
    const events = await eventsAt(log, found)
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
  const text = `
with found as (
  select number, position, account_name from trading.audit ${where} order by number desc limit ${value(request.limit + 1)}
)
select f.number::text, f.position, f.account_name as account, b.position as before
from found f left join trading.audit b on b.number = f.number - 1 order by f.number desc`
  return { text, values }
}

/** The events of the rows. Neighbours in the log are read together. */
const eventsAt = async (log: EventLog, rows: readonly Found[]): Promise<ReadonlyMap<Position, RecordedEvent>> => {
  const runs: { readonly from: Position; readonly to: Position; readonly count: number }[] = []
  let newest: Found | undefined
  let count = 0
  for (const [index, row] of rows.entries()) {
    newest ??= row
    count += 1
    const next = rows[index + 1]
    if (next !== undefined && Number(next.number) === Number(row.number) - 1) continue
    runs.push({ from: row.before ?? START, to: newest.position, count })
    newest = undefined
    count = 0
  }
  const events = new Map<Position, RecordedEvent>()
  const read = async (): Promise<void> => {
    for (let run = runs.pop(); run !== undefined; run = runs.pop()) {
      // A log may hold what is not ours between two events: a page then has fewer of them than its limit.
      let position = run.from
      while (comparePositions(position, run.to) < 0) {
        const page = await log.readAll(position, { limit: run.count })
        for (const event of page.events) events.set(event.position, event)
        if (comparePositions(page.position, position) <= 0) break
        position = page.position
      }
    }
  }
  await Promise.all(Array.from({ length: READERS }, read))
  return events
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
