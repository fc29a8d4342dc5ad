import { closeSync, existsSync, fstatSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { ExchangeEvent } from './engine/events.ts'

export interface Journal {
  readonly history: readonly ExchangeEvent[]
  append(events: readonly ExchangeEvent[]): void
  clear(): void
  close(): void
}

/** A journal that forgets: nothing is kept over a restart. */
export const memoryJournal = (): Journal => ({ history: [], append: () => {}, clear: () => {}, close: () => {} })

/**
 * One JSON event a line, handed to the operating system before the caller goes on: killing the process loses nothing
 * that was acknowledged (only losing the machine could). A line cut short by a kill was never acknowledged and goes.
 */
export const openJournal = (folder: string): Journal => {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, 'journal.jsonl')
  const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
  const complete = text.slice(0, text.lastIndexOf('\n') + 1)
  const history = complete
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as ExchangeEvent)
  const file = openSync(path, 'a', 0o600)
  const whole = Buffer.byteLength(complete)
  if (fstatSync(file).size > whole) ftruncateSync(file, whole)
  return {
    history,
    append: (events) => {
      const bytes = Buffer.from(events.map((event) => `${JSON.stringify(event)}\n`).join(''))
      for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written)
    },
    clear: () => ftruncateSync(file, 0),
    close: () => closeSync(file),
  }
}
