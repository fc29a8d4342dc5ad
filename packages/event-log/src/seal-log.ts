import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Pool, PoolClient } from 'pg'
import type { EventLog, Position, RecordedEvent } from './event-log.ts'
import { backOff, pause } from './pause.ts'
import { inTransaction, withClient } from './postgres-transaction.ts'
import { entryOf, NO_SEAL, type SealHead, sealedFormOf, sealHash } from './seal.ts'
import { type Anchor, appendAnchors, lastAnchor } from './seal-anchors.ts'

export interface SealingOptions {
  /** File outside the database that gets the head of every seal. */
  readonly anchors: string
  /** A seal is made this often when there is anything to seal; 30 s unless given. */
  readonly everyMs?: number
  /** The most events in one seal; 250 unless given. */
  readonly sealEvents?: number
  readonly onError?: (error: unknown) => void
}

export interface RunningSealing {
  /** Seals everything there is now, and anchors it. */
  sealNow(): Promise<void>
  stop(): Promise<void>
}

/** The seals in the database are not those whose heads were written outside it. */
export class SealsForged extends Error {
  override readonly name = 'SealsForged'
}

const LOCK = 'colibri log sealing'
const EVERY_MS = 30_000
const SEAL_EVENTS = 250
/** Few enough to be hashed, in less than a millisecond, between two requests of a busy process. */
const HASHED_AT_ONCE = 50
/** Between full pages: a long log is caught up with at a walk, beside the work of the process. */
const WALK_MS = 50
const ANCHORS_AT_ONCE = 1_000
const RETRY = { firstMs: 1_000, longestMs: 30_000 }

const TABLE = `
create schema if not exists log;
create table if not exists log.seals (
  number bigint primary key,
  position text not null,
  entries bytea not null,
  hash text not null,
  sealed_at timestamptz not null default clock_timestamp()
);
alter table log.seals alter column entries set storage external`

/**
 * Follows the log in its gap-safe order and seals it, some hundred events at a time: each seal holds a digest of every
 * event and the hash of the seal before it. Every process may offer to; a lock lets one of them make each seal.
 */
export const startSealing = async (log: EventLog, pool: Pool, options: SealingOptions): Promise<RunningSealing> => {
  const { anchors, everyMs = EVERY_MS, sealEvents = SEAL_EVENTS, onError = () => {} } = options
  await createTable(pool)
  const stopping = new AbortController()
  let round: Promise<void> | undefined

  /** One seal; says whether more events wait. Unless asked to, it makes none soon after the last one. */
  const sealPage = (minimumAgeMs: number, from: Position | undefined): Promise<Sealed> =>
    inTransaction(pool, async (client) => {
      const { rows } = await client.query<{ locked: boolean }>(
        'select pg_try_advisory_xact_lock(hashtextextended($1, 0)) as locked',
        [LOCK],
      )
      if (rows[0]?.locked !== true) return { kind: 'nothing' }
      const { head, ageMs } = await headOf(client)
      if (ageMs < minimumAgeMs) return { kind: 'nothing' }
      const { events, position, atEnd } = await log.readAll(from ?? head.position, { limit: sealEvents })
      if (events.length > 0) {
        const entries = await entriesFor(events)
        await client.query('insert into log.seals (number, position, entries, hash) values ($1, $2, $3, $4)', [
          head.number + 1,
          position,
          entries,
          sealHash(head, position, entries),
        ])
        return { kind: atEnd ? 'sealed' : 'more' }
      }
      return atEnd ? { kind: 'nothing' } : { kind: 'skipped', to: position }
    })

  const sealAll = async (minimumAgeMs: number): Promise<void> => {
    let minimum = minimumAgeMs
    let from: Position | undefined
    let sealed: Sealed
    do {
      sealed = await sealPage(minimum, from)
      // The log may hold long stretches of other programs' events.
      from = sealed.kind === 'skipped' ? sealed.to : undefined
      if (sealed.kind === 'more') await pause(WALK_MS, stopping.signal)
      if (sealed.kind !== 'nothing') minimum = 0
    } while ((sealed.kind === 'more' || sealed.kind === 'skipped') && !stopping.signal.aborted)
    if (minimum === 0) await anchorAll(pool, anchors, onError)
  }

  const run = (minimumAgeMs: number): Promise<void> => {
    const next = (round ?? Promise.resolve()).catch(() => undefined).then(() => sealAll(minimumAgeMs))
    round = next
    return next
  }
  const follow = async (): Promise<void> => {
    // Processes that start together need not ask together.
    await pause(Math.random() * everyMs, stopping.signal)
    for (let failures = 0; !stopping.signal.aborted; ) {
      try {
        await run(everyMs)
        failures = 0
        await pause(everyMs, stopping.signal)
      } catch (error) {
        if (stopping.signal.aborted) break
        onError(error)
        await pause(backOff(failures, RETRY), stopping.signal)
        failures += 1
      }
    }
  }
  const following = follow()
  return {
    sealNow: () => run(0),
    stop: async () => {
      stopping.abort()
      await following
      await round?.catch(() => undefined)
    },
  }
}

const entriesFor = async (events: readonly RecordedEvent[]): Promise<Buffer> => {
  const entries: Buffer[] = []
  for (const [index, event] of events.entries()) {
    entries.push(entryOf(sealedFormOf(event)))
    if (index % HASHED_AT_ONCE === HASHED_AT_ONCE - 1) await nextTurn()
  }
  return Buffer.concat(entries)
}

const isThere = `select to_regclass('log.seals') is not null as present`

const createTable = async (pool: Pool): Promise<void> => {
  const present = await pool.query<{ present: boolean }>(isThere)
  if (present.rows[0]?.present === true) return
  await inTransaction(pool, async (client) => {
    await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`${LOCK} table`])
    const again = await client.query<{ present: boolean }>(isThere)
    if (again.rows[0]?.present !== true) await client.query(TABLE)
  })
}

type Sealed = { readonly kind: 'nothing' | 'sealed' | 'more' } | { readonly kind: 'skipped'; readonly to: Position }

const headOf = async (client: PoolClient): Promise<{ readonly head: SealHead; readonly ageMs: number }> => {
  const { rows } = await client.query<{ number: string; position: Position; hash: string; age: number }>(
    `select number, position, hash, (extract(epoch from clock_timestamp() - sealed_at) * 1000)::float8 as age
     from log.seals order by number desc limit 1`,
  )
  const [row] = rows
  if (row === undefined) return { head: NO_SEAL, ageMs: Number.POSITIVE_INFINITY }
  return { head: { number: Number(row.number), position: row.position, hash: row.hash }, ageMs: row.age }
}

/** Seals after a number, oldest first. */
const sealsAfter = async (pool: Pool, number: number, limit: number): Promise<readonly Anchor[]> => {
  const { rows } = await withClient(pool, (client) =>
    client.query<{ number: string; position: Position; hash: string }>(
      'select number, position, hash from log.seals where number > $1 order by number limit $2',
      [number, limit],
    ),
  )
  return rows.map((row) => ({ ...row, number: Number(row.number) }))
}

/** Writes down every seal since the last line of the file, also those another process made. */
const anchorAll = async (pool: Pool, path: string, onError: (error: unknown) => void): Promise<void> => {
  const last = await lastAnchor(path)
  if (last !== undefined) {
    const [stored] = await sealsAfter(pool, last.number - 1, 1)
    if (stored?.number !== last.number || stored.hash !== last.hash) {
      const what = stored?.number === last.number ? `has the hash ${stored.hash}` : 'is missing'
      onError(
        new SealsForged(`seal ${last.number} of the event log ${what}, but ${path} says ${last.hash}: run log verify`),
      )
    }
  }
  for (let number = last?.number ?? -1; ; ) {
    const anchors = await sealsAfter(pool, number, ANCHORS_AT_ONCE)
    const newest = anchors.at(-1)
    if (newest === undefined) return
    await appendAnchors(path, anchors, Date.now())
    number = newest.number
  }
}
