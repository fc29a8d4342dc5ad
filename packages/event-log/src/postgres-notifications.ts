import { randomUUID } from 'node:crypto'
import type { Pool } from 'pg'
import pg from 'pg'
import { backOff, pause } from './pause.ts'
import type { Wakeup } from './wakeup.ts'

const CHANNEL = 'colibri_log'
const RETRY = { firstMs: 50, longestMs: 2_000 }
const GOODBYE_MS = 2_000
/** A notification is no fact: its commit does not wait for the disk. */
const ANNOUNCE = `select set_config('synchronous_commit', 'off', true), pg_notify('${CHANNEL}', $1)`
/** Other processes hear of appends at most this often. */
const ANNOUNCE_EVERY_MS = 20

export interface Notifications {
  /** Starts listening; later calls do nothing. */
  listen(): void
  /** Tells every process that the log has grown, this one at once. */
  announce(): void
  close(): Promise<void>
}

/**
 * Wakes readers across processes. The notification is not part of the append: a NOTIFY makes commits of the whole
 * server wait for one another, which would cost the append path its group commit. A lost notification costs a reader
 * its poll interval, never an event.
 */
export const createNotifications = (pool: Pool, wakeup: Wakeup, onError: (error: unknown) => void): Notifications => {
  const closing = new AbortController()
  /** Says which notifications are our own: their readers were woken at the append. */
  const self = randomUUID()
  let listening: Promise<void> | undefined
  let announcing: Promise<void> | undefined
  let again = false

  const listenOnce = async (): Promise<void> => {
    const client = new pg.Client(pool.options)
    const lost = new Promise<unknown>((resolve) => {
      client.on('error', resolve)
      client.on('end', () => resolve(undefined))
    })
    const aborted = new Promise<void>((resolve) => {
      closing.signal.addEventListener('abort', () => resolve(), { once: true })
    })
    try {
      await client.connect()
      client.on('notification', ({ payload }) => {
        if (payload !== self) wakeup.wake()
      })
      await client.query(`listen ${CHANNEL}`)
      // What was appended while nobody listened.
      wakeup.wake()
      await Promise.race([lost, aborted])
    } finally {
      // A server that has vanished without a word never confirms the end.
      await Promise.race([client.end().catch(onError), pause(GOODBYE_MS)])
    }
  }

  const keepListening = async (): Promise<void> => {
    for (let attempt = 0; !closing.signal.aborted; attempt += 1) {
      const started = Date.now()
      await listenOnce().catch(onError)
      if (Date.now() - started > RETRY.longestMs) attempt = 0
      if (!closing.signal.aborted) await pause(backOff(attempt, RETRY), closing.signal)
    }
  }

  const sendWhileAsked = async (): Promise<void> => {
    do {
      again = false
      await pool.query({ name: 'colibri-log-announce', text: ANNOUNCE, values: [self] }).catch(onError)
      await pause(ANNOUNCE_EVERY_MS, closing.signal)
    } while (again && !closing.signal.aborted)
    announcing = undefined
  }

  return {
    listen: () => {
      listening ??= keepListening()
    },
    announce: () => {
      wakeup.wake()
      again = true
      if (!closing.signal.aborted) announcing ??= sendWhileAsked()
    },
    close: async () => {
      closing.abort()
      wakeup.wake()
      await listening
      await announcing
    },
  }
}
