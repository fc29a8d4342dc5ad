import { createHash } from 'node:crypto'
import { type Position, type RecordedEvent, START } from './event-log.ts'

/** What of an event is sealed. Data and metadata are the texts as they were written: `JSON.stringify` of what was appended. */
export interface SealedForm extends Omit<RecordedEvent, 'data' | 'metadata'> {
  readonly data: string
  readonly metadata: string
}

export const sealedFormOf = (event: RecordedEvent): SealedForm => ({
  ...event,
  data: JSON.stringify(event.data),
  metadata: JSON.stringify(event.metadata),
})

const ID_BYTES = 16
const ENTRY_BYTES = ID_BYTES + 32

/** The last place a chain has come to. */
export interface SealHead {
  /** 0 for the first seal; -1 when there is none. */
  readonly number: number
  /** Of the last event that is sealed, or further where nothing of ours followed. */
  readonly position: Position
  /** sha256 in hex. */
  readonly hash: string
}

export const NO_SEAL: SealHead = { number: -1, position: START, hash: '0'.repeat(64) }

/**
 * One event in a seal: its id, which names it when it is gone, and the sha256 of everything a reader sees of it. The texts
 * hold no line breaks, so nothing can be moved from one part to the other.
 */
export const entryOf = (form: SealedForm): Buffer => {
  const { position, streamId, version, id, type, schemaVersion, recordedAt, data, metadata } = form
  const head = JSON.stringify([position, streamId, version, id, type, schemaVersion, recordedAt])
  const digest = createHash('sha256').update(`${head}\n${data}\n${metadata}`).digest()
  return Buffer.concat([Buffer.from(id.replaceAll('-', ''), 'hex'), digest], ENTRY_BYTES)
}

/** sha256 over the seal before, the place this one reaches and its entries. */
export const sealHash = (previous: SealHead, position: Position, entries: Buffer): string =>
  createHash('sha256')
    .update(`colibri seal\n${previous.hash}\n${previous.number + 1}\n${position}\n`)
    .update(entries)
    .digest('hex')

const hexUuid = /^(.{8})(.{4})(.{4})(.{4})(.{12})$/

/** The entries of a seal, taken apart again. */
export const entriesOf = (bytes: Buffer): readonly { readonly id: string; readonly bytes: Buffer }[] =>
  Array.from({ length: Math.floor(bytes.length / ENTRY_BYTES) }, (_, index) => {
    const entry = bytes.subarray(index * ENTRY_BYTES, (index + 1) * ENTRY_BYTES)
    return { id: entry.toString('hex', 0, ID_BYTES).replace(hexUuid, '$1-$2-$3-$4-$5'), bytes: entry }
  })
