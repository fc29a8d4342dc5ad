import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import type { ExchangeEvent } from './engine/events.ts'
import type { Snapshot } from './engine/snapshot.ts'

/** Where an exchange takes up its work: a snapshot, if there is one, and the events since. */
export interface History {
  readonly snapshot: Snapshot | null
  readonly events: readonly ExchangeEvent[]
}

export const noHistory: History = { snapshot: null, events: [] }

export interface Journal {
  readonly history: History
  append(events: readonly ExchangeEvent[]): void
  /** Bytes of events since the last snapshot. */
  grown(): number
  /** Replaces everything so far by a snapshot. */
  compact(snapshot: Snapshot): void
  clear(): void
  close(): void
}

/** A journal that forgets: nothing is kept over a restart. */
export const memoryJournal = (): Journal => ({
  history: noHistory,
  append: () => {},
  grown: () => 0,
  compact: () => {},
  clear: () => {},
  close: () => {},
})

/**
 * One JSON event a line, handed to the operating system before the caller goes on: killing the process loses nothing
 * that was acknowledged (only losing the machine could). A line cut short by a kill was never acknowledged and goes.
 * After a compaction the first line is the snapshot; it takes the journal's place whole or not at all.
 */
export const openJournal = (folder: string): Journal => {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, 'journal.jsonl')
  const fresh = join(folder, 'journal.new')
  rmSync(fresh, { force: true })
  const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
  const complete = text.slice(0, text.lastIndexOf('\n') + 1)
  const lines = complete.split('\n').filter((line) => line !== '')
  const [first] = lines
  const head = first === undefined ? null : (JSON.parse(first) as { snapshot?: Snapshot })
  const snapshot = head?.snapshot ?? null
  const events = lines.slice(snapshot === null ? 0 : 1).map((line) => JSON.parse(line) as ExchangeEvent)

  let file = openSync(path, 'a', 0o600)
  const whole = Buffer.byteLength(complete)
  if (statSync(path).size > whole) ftruncateSync(file, whole)
  let grown = whole - (snapshot === null ? 0 : Buffer.byteLength(first ?? '') + 1)
  return {
    history: { snapshot, events },
    append: (added) => {
      const bytes = Buffer.from(added.map((event) => `${JSON.stringify(event)}\n`).join(''))
      for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written)
      grown += bytes.length
    },
    grown: () => grown,
    compact: (taken) => {
      writeFileSync(fresh, `${JSON.stringify({ snapshot: taken })}\n`, { mode: 0o600 })
      renameSync(fresh, path)
      closeSync(file)
      file = openSync(path, 'a', 0o600)
      grown = 0
    },
    clear: () => {
      ftruncateSync(file, 0)
      grown = 0
    },
    close: () => closeSync(file),
  }
}
