import type { Pool } from 'pg'
import {
  type AppendResult,
  DuplicateEvent,
  type ExpectedVersion,
  LogUnavailable,
  type NewEvent,
  VersionConflict,
} from './event-log.ts'
import { type Fence, FencedOff } from './fence.ts'
import { backOff, pause } from './pause.ts'
import { constraintOf, isConnectionLoss, isTransient, isUniqueViolation } from './postgres-errors.ts'
import { within } from './postgres-query.ts'

interface AppendedRow {
  readonly transaction: string
  readonly sequence: string
  readonly version: number
}

/**
 * Under a fence the append's own statement asks whether the token is still the newest, and keeps it so until it has
 * committed: no round trip more, and no moment between.
 */
type Fencing = 'free' | 'fenced'
const HOLDS = 'log.holds($8, $9::bigint)'

/** All events of an append in one statement and so in one short transaction of its own. */
const appendStatement = (version: string, condition: string, fencing: Fencing): string => `
with ${fencing === 'fenced' ? `fence as materialized (select ${HOLDS} as held), ` : ''}appended as (
  insert into log.events (stream_id, version, event_id, type, schema_version, data, metadata)
  select $1, ${version} + e.ordinal::integer, e.event_id, e.type, e.schema_version, e.data, e.metadata
  from unnest($3::uuid[], $4::text[], $5::integer[], $6::json[], $7::json[]) with ordinality
    as e(event_id, type, schema_version, data, metadata, ordinal)
  where ${condition}${fencing === 'fenced' ? ' and (select held from fence)' : ''}
  order by e.ordinal
  returning transaction_id, sequence, version
)
select transaction_id::text as transaction, max(sequence)::text as sequence, max(version) as version
from appended group by transaction_id`

/** `none` (-1) and numbers: a longer stream violates the unique key, a shorter one lacks the row of the expected version. */
const appendAt = (fencing: Fencing) => ({
  name: `colibri-log-append-at-${fencing}`,
  text: appendStatement(
    '$2::integer',
    '($2::integer < 0 or exists (select from log.events where stream_id = $1 and version = $2::integer))',
    fencing,
  ),
})
/** One event, the common case: the same rule without the arrays. */
const appendOne = (fencing: Fencing) => ({
  name: `colibri-log-append-one-${fencing}`,
  text: `
insert into log.events (stream_id, version, event_id, type, schema_version, data, metadata)
select $1, $2::integer + 1, $3::uuid, $4, $5::integer, $6::json, $7::json
where ($2::integer < 0 or exists (select from log.events where stream_id = $1 and version = $2::integer))
  ${fencing === 'fenced' ? `and ${HOLDS}` : ''}
returning transaction_id::text as transaction, sequence::text as sequence, version`,
})
const appendAny = (fencing: Fencing) => ({
  name: `colibri-log-append-any-${fencing}`,
  text: appendStatement(
    '(select coalesce(max(version), -1) from log.events where stream_id = $1)',
    '$2::integer is null',
    fencing,
  ),
})
const statements = (fencing: Fencing) => ({
  at: appendAt(fencing),
  one: appendOne(fencing),
  any: appendAny(fencing),
})
const STATEMENTS = { free: statements('free'), fenced: statements('fenced') } as const
const STATE = {
  name: 'colibri-log-append-state',
  text: `select (select max(version) from log.events where stream_id = $1) as actual,
    (select token::text from log.leases where name = $3) as token,
    coalesce((select json_agg(json_build_object('id', event_id, 'stream', stream_id, 'version', version, 'transaction',
      transaction_id::text, 'sequence', sequence::text) order by version) from log.events where event_id = any($2::uuid[])),
      '[]'::json)::text as stored`,
}

interface StoredId {
  readonly id: string
  readonly stream: string
  readonly version: number
  readonly transaction: string
  readonly sequence: string
}

/** How often writers under `any` may lose the race for the next version before the stream is called contended. */
const ANY_ATTEMPTS = 200
const RACE = { firstMs: 1, longestMs: 20 }
const RECONNECT = { firstMs: 20, longestMs: 500 }

export interface AppendOptions {
  /** Longest time one statement may take. */
  readonly statementMs: number
  /** How long a lost connection is made again before the append fails with `LogUnavailable`. */
  readonly unavailableAfterMs: number
}

/** `EventLog.append` over Postgres. */
export const appendToPostgres = async (
  pool: Pool,
  { statementMs, unavailableAfterMs }: AppendOptions,
  streamId: string,
  events: readonly NewEvent[],
  expected: ExpectedVersion,
  fence?: Fence,
): Promise<AppendResult> => {
  const ids = events.map((event) => event.id.toLowerCase())
  checkRequest(streamId, ids, expected)
  const query = appendQuery(streamId, ids, events, expected, fence)
  const deadline = Date.now() + unavailableAfterMs
  let outcomeUnknown = false
  for (let attempt = 0; ; attempt += 1) {
    try {
      const result = await tryOnce(attempt)
      if (result !== undefined) return result
      await pause(backOff(Math.min(attempt, 5), RACE))
    } catch (error) {
      if (isConnectionLoss(error)) {
        // The statement may have committed, or may still commit: the same ids again can only be stored once.
        outcomeUnknown = true
        if (Date.now() >= deadline) throw new LogUnavailable(`append to ${streamId}`, error)
        await pause(Math.min(backOff(attempt, RECONNECT), Math.max(1, deadline - Date.now())))
      } else if (isTransient(error) && attempt < ANY_ATTEMPTS) {
        await pause(backOff(Math.min(attempt, 5), RACE))
      } else {
        throw error
      }
    }
  }

  /** Undefined: another writer took the version that `any` would have had, try the next. */
  async function tryOnce(attempt: number): Promise<AppendResult | undefined> {
    try {
      const result = await pool.query<AppendedRow>(within(statementMs, query))
      const row = result.rows[0]
      if (row !== undefined) return { version: row.version, position: `${row.transaction}/${row.sequence}` }
    } catch (error) {
      if (!isUniqueViolation(error)) throw error
      const raced = expected === 'any' && constraintOf(error) === 'events_stream_version' && attempt < ANY_ATTEMPTS
      if (raced && !outcomeUnknown) return undefined
      return await refusalOrOwn(raced ? 'race' : 'refused')
    }
    return await refusalOrOwn('refused')
  }

  /** Why nothing was stored, thrown; or the result, when an earlier attempt of this very append was stored after all. */
  async function refusalOrOwn(kind: 'race' | 'refused'): Promise<AppendResult | undefined> {
    const result = await pool.query<{ actual: number | null; token: string | null; stored: string }>(
      within(statementMs, { ...STATE, values: [streamId, ids, fence?.lease ?? null] }),
    )
    const actual = result.rows[0]?.actual ?? null
    const stored = JSON.parse(result.rows[0]?.stored ?? '[]') as StoredId[]
    const last = stored.at(-1)
    if (last !== undefined) {
      if (outcomeUnknown && isThisAppend(stored)) {
        return { version: last.version, position: `${last.transaction}/${last.sequence}` }
      }
      throw new DuplicateEvent(last.id)
    }
    if (fence !== undefined && result.rows[0]?.token !== String(fence.token)) throw new FencedOff(fence)
    if (kind === 'race') return undefined
    throw new VersionConflict(streamId, expected, actual ?? 'none')
  }

  function isThisAppend(stored: readonly StoredId[]): boolean {
    return (
      stored.length === ids.length &&
      stored.every(({ id, stream, transaction }, index) => {
        return id === ids[index] && stream === streamId && transaction === stored[0]?.transaction
      })
    )
  }
}

const checkRequest = (streamId: string, ids: readonly string[], expected: ExpectedVersion): void => {
  if (streamId === '') throw new TypeError('an event needs a stream: the stream id is empty')
  if (ids.length === 0) throw new TypeError(`nothing to append to ${streamId}: at least one event is needed`)
  if (typeof expected === 'number' && (!Number.isInteger(expected) || expected < 0)) {
    throw new TypeError(`expected version ${expected} of ${streamId} is not a version; use 0, 1, 2 …, "none" or "any"`)
  }
  const seen = new Set<string>()
  for (const id of ids) {
    if (seen.has(id)) throw new DuplicateEvent(id)
    seen.add(id)
  }
}

const appendQuery = (
  streamId: string,
  ids: readonly string[],
  events: readonly NewEvent[],
  expected: ExpectedVersion,
  fence: Fence | undefined,
): { name: string; text: string; values: unknown[] } => {
  const { at, one, any } = STATEMENTS[fence === undefined ? 'free' : 'fenced']
  const fenced = fence === undefined ? [] : [fence.lease, fence.token]
  const after = expected === 'any' ? null : expected === 'none' ? -1 : expected
  const [only, ...others] = events
  if (only !== undefined && others.length === 0 && after !== null) {
    const { type, schemaVersion, data, metadata } = only
    const values = [streamId, after, ids[0], type, schemaVersion, JSON.stringify(data), JSON.stringify(metadata)]
    return { ...one, values: [...values, ...fenced] }
  }
  return {
    ...(after === null ? any : at),
    values: [
      streamId,
      after,
      ids,
      events.map((event) => event.type),
      events.map((event) => event.schemaVersion),
      events.map((event) => JSON.stringify(event.data)),
      events.map((event) => JSON.stringify(event.metadata)),
      ...fenced,
    ],
  }
}
