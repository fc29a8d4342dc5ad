import type { Pool } from 'pg'
import { comparePositions, type EventLog, type Position, START } from './event-log.ts'
import { entriesOf, entryOf, NO_SEAL, type SealedForm, type SealHead, sealedFormOf, sealHash } from './seal.ts'
import { readAnchors } from './seal-anchors.ts'

/** What is not as it was sealed. Of each seal the first event that differs is named. */
export type SealFinding =
  | {
      /** `changed`: other content; `missing`: gone from its place; `inserted`: was not there; `moved`: in another order. */
      readonly kind: 'event-changed' | 'event-missing' | 'event-inserted' | 'event-moved'
      readonly seal: number
      readonly eventId: string
      /** Where the event, or for a missing one its neighbour before, is now. */
      readonly position: Position
      readonly streamId?: string
      readonly version?: number
    }
  | { readonly kind: 'seal-changed' | 'seal-missing'; readonly seal: number }
  | {
      readonly kind: 'anchor-differs'
      readonly seal: number
      readonly anchored: string
      readonly stored: string | null
    }
  | { readonly kind: 'anchor-unreadable'; readonly line: number }

export interface SealVerification {
  readonly seals: number
  /** Events under a seal, by the seals. */
  readonly sealed: number
  /** Stored after the last seal. */
  readonly unsealed: number
  readonly head: SealHead | undefined
  /** Heads outside the database that were compared. */
  readonly anchors: number
  readonly findings: readonly SealFinding[]
}

/** Events after a position in the order of the log, at most `limit` looked at, and where to go on. */
export type ReadSealed = (
  from: Position,
  limit: number,
) => Promise<{ readonly forms: readonly SealedForm[]; readonly position: Position; readonly atEnd: boolean }>

const PAGE = 5_000
const SEALS_AT_ONCE = 100

/** The rows themselves: also a change no reader of the log would see, as of the spaces between two values, is one. */
export const sealedInPostgres =
  (pool: Pool): ReadSealed =>
  async (from, limit) => {
    const [transaction, sequence] = from.split('/')
    const { rows } = await pool.query<{ [Name in keyof SealedForm]: SealedForm[Name] }>(
      `select event_id::text as id, type, schema_version as "schemaVersion", data::text as data, metadata::text as metadata,
         stream_id as "streamId", version, transaction_id::text || '/' || sequence::text as position,
         floor((extract(epoch from recorded_at) * 1000)::float8) as "recordedAt"
       from log.events where (transaction_id, sequence) > ($1::xid8, $2::bigint)
       order by transaction_id, sequence limit $3`,
      [transaction, sequence, limit],
    )
    return { forms: rows, position: rows.at(-1)?.position ?? from, atEnd: rows.length < limit }
  }

/** The events as any log gives them. */
export const sealedInLog =
  (log: EventLog): ReadSealed =>
  async (from, limit) => {
    const { events, position, atEnd } = await log.readAll(from, { limit })
    return { forms: events.map(sealedFormOf), position, atEnd }
  }

/**
 * Recomputes every seal from the events as they are now, and compares the seals with their heads outside the database:
 * whoever rewrites events has to rewrite every later seal, and cannot rewrite the heads.
 */
export const verifySeals = async (pool: Pool, read: ReadSealed, anchors: string): Promise<SealVerification> => {
  const findings: SealFinding[] = []
  const hashes = new Map<number, string>()
  const events = reader(read)
  let previous = NO_SEAL
  let sealed = 0
  for (;;) {
    const seals = await sealsAfter(pool, previous.number)
    for (const seal of seals) {
      const rows = await events.upTo(seal.position)
      hashes.set(seal.number, seal.hash)
      if (seal.number === previous.number + 1) {
        if (sealHash(previous, seal.position, seal.entries) !== seal.hash) {
          findings.push({ kind: 'seal-changed', seal: seal.number })
        }
        const difference = firstDifference(rows, seal.entries, previous.position)
        if (difference !== undefined) findings.push({ ...difference, seal: seal.number })
      } else {
        // What the missing ones vouched for cannot be told from what was inserted since.
        findings.push({ kind: 'seal-missing', seal: previous.number + 1 })
      }
      sealed += entriesOf(seal.entries).length
      previous = seal
    }
    if (seals.length < SEALS_AT_ONCE) break
  }
  let compared = 0
  for await (const line of readAnchors(anchors)) {
    if (line.kind === 'unreadable') {
      findings.push({ kind: 'anchor-unreadable', line: line.line })
      continue
    }
    compared += 1
    const { number, hash } = line.anchor
    const stored = hashes.get(number) ?? null
    if (stored !== hash) findings.push({ kind: 'anchor-differs', seal: number, anchored: hash, stored })
  }
  return {
    seals: hashes.size,
    sealed,
    unsealed: await events.rest(),
    head:
      previous === NO_SEAL ? undefined : { number: previous.number, position: previous.position, hash: previous.hash },
    anchors: compared,
    findings,
  }
}

interface StoredSeal extends SealHead {
  readonly entries: Buffer
}

const sealsAfter = async (pool: Pool, number: number): Promise<readonly StoredSeal[]> => {
  const present = await pool.query<{ present: boolean }>(`select to_regclass('log.seals') is not null as present`)
  if (present.rows[0]?.present !== true) return []
  const { rows } = await pool.query<{ number: string; position: Position; hash: string; entries: Buffer }>(
    'select number, position, hash, entries from log.seals where number > $1 order by number limit $2',
    [number, SEALS_AT_ONCE],
  )
  return rows.map((row) => ({ ...row, number: Number(row.number) }))
}

/** Hands out the events of the log once, in order. */
const reader = (read: ReadSealed) => {
  let buffer: SealedForm[] = []
  let position: Position = START
  let atEnd = false
  const more = async (): Promise<void> => {
    const page = await read(position, PAGE)
    buffer = buffer.concat(page.forms)
    position = page.position
    atEnd = page.atEnd
  }
  return {
    upTo: async (last: Position): Promise<readonly SealedForm[]> => {
      const isIn = (form: SealedForm): boolean => comparePositions(form.position, last) <= 0
      while (!atEnd && comparePositions(position, last) < 0) await more()
      const end = buffer.findIndex((form) => !isIn(form))
      const taken = end < 0 ? buffer : buffer.slice(0, end)
      buffer = end < 0 ? [] : buffer.slice(end)
      return taken
    },
    rest: async (): Promise<number> => {
      let count = buffer.length
      while (!atEnd) {
        buffer = []
        await more()
        count += buffer.length
      }
      return count
    },
  }
}

type Difference = Omit<Extract<SealFinding, { readonly eventId: string }>, 'seal'>

const placeOf = ({ id, position, streamId, version }: SealedForm) => ({ eventId: id, position, streamId, version })

/** Undefined when the events are those that were sealed, each as it was, in the same order. */
const firstDifference = (rows: readonly SealedForm[], bytes: Buffer, start: Position): Difference | undefined => {
  const entries = entriesOf(bytes)
  for (let index = 0; index < Math.max(rows.length, entries.length); index += 1) {
    const row = rows[index]
    const entry = entries[index]
    const before = rows[index - 1]?.position ?? start
    if (entry === undefined) return row === undefined ? undefined : { kind: 'event-inserted', ...placeOf(row) }
    if (row === undefined) return { kind: 'event-missing', eventId: entry.id, position: before }
    if (row.id === entry.id) {
      if (!entryOf(row).equals(entry.bytes)) return { kind: 'event-changed', ...placeOf(row) }
      continue
    }
    const elsewhere = rows.find(({ id }) => id === entry.id)
    const wasThere = entries.some(({ id }) => id === row.id)
    if (elsewhere !== undefined) {
      return wasThere ? { kind: 'event-moved', ...placeOf(elsewhere) } : { kind: 'event-inserted', ...placeOf(row) }
    }
    // Neither is known to the other: the row in its place has been given another id.
    if (!wasThere && rows.length === entries.length)
      return { kind: 'event-changed', ...placeOf(row), eventId: entry.id }
    return { kind: 'event-missing', eventId: entry.id, position: before }
  }
  return undefined
}
