import {
  type AllStreamResolvedEvent,
  BACKWARDS,
  END,
  KurrentDBClient,
  START as LOG_START,
  StreamNotFoundError,
} from '@kurrent/kurrentdb-client'
import {
  categoryOf,
  comparePositions,
  type EventFilter,
  type EventLog,
  LogUnavailable,
  type Page,
  type Position,
  type RecordedEvent,
  START,
} from './event-log.ts'
import { appendToKurrent } from './kurrentdb-append.ts'
import { isUnreachable, withinTime } from './kurrentdb-errors.ts'
import { fromKurrent, positionOf, type StoredEvent } from './kurrentdb-event.ts'
import { createSlots } from './kurrentdb-slots.ts'
import { subscribeByPages } from './subscribe.ts'
import { createWakeup } from './wakeup.ts'

export interface KurrentLogOptions {
  /** `kurrentdb://…` for one node, `kurrentdb+discover://…` for a cluster. */
  readonly url: string
  /** Longest time one call may take before the log counts as unavailable; 5 s unless given. */
  readonly callMs?: number
  /** How long an append tries to reach a server that has gone away; 5 s unless given. */
  readonly unavailableAfterMs?: number
  /** How often a subscriber looks for what other processes have written; 100 ms unless given. */
  readonly pollMs?: number
  /** Events a subscription reads at once; 1,000 unless given. */
  readonly pageEvents?: number
  /** Told of errors the log recovers from by itself: lost connections, failing handlers. */
  readonly onError?: (error: unknown) => void
}

const DEFAULT_LIMIT = 1_000
/** Single events read at once. */
const READERS = 8

/**
 * The log in KurrentDB. Positions are `<commit>/<prepare>`; its one writer gives them in order, so that no reader can
 * pass an event that is stored later. Every read asks the leader, which has all that was acknowledged. The user of the
 * URL needs the right to read `$all`.
 *
 * Weaker than Postgres in one point: an event id is unique within its stream, not across the log.
 */
export const openKurrentLog = async (options: KurrentLogOptions): Promise<EventLog> => {
  const { url, callMs = 5_000, unavailableAfterMs = 5_000, pollMs = 100, pageEvents = DEFAULT_LIMIT } = options
  const { onError = () => {} } = options
  const client = connect(url)
  const closing = new AbortController()
  const wakeup = createWakeup()
  const inSlot = createSlots()

  const call = async <T>(action: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await withinTime(callMs, work())
    } catch (error) {
      throw isUnreachable(error) ? new LogUnavailable(action, error) : error
    }
  }

  const readStream = async (streamId: string, fromVersion: number): Promise<readonly StoredEvent[]> => {
    const collect = async () => {
      const events: StoredEvent[] = []
      try {
        const stream = client.readStream(streamId, { fromRevision: BigInt(fromVersion), requiresLeader: true })
        for await (const resolved of stream) {
          const stored = fromKurrent(resolved)
          if (stored === undefined) throw new TypeError(`stream ${streamId} holds an event that Colibri did not write`)
          events.push(stored)
        }
      } catch (error) {
        if (!(error instanceof StreamNotFoundError)) throw error
      }
      return events
    }
    return withinTime(callMs, collect())
  }

  const readAll: EventLog['readAll'] = async (from, { filter = {}, limit = DEFAULT_LIMIT } = {}) => {
    if (!Number.isInteger(limit) || limit < 1)
      throw new TypeError(`limit ${limit} is not a number of events; use 1, 2 …`)
    // The server begins with the event at the position itself, which the reader has seen: one more than asked for.
    const maxCount = limit + 1
    const fromPosition = serverPosition(from)
    const rows = await call(`read all after ${from}`, async () => {
      const found: AllStreamResolvedEvent[] = []
      for await (const resolved of client.readAll({ fromPosition, maxCount, requiresLeader: true }))
        found.push(resolved)
      return found
    })
    return toPage(rows, from, filter, limit)
  }

  const readOne = async (position: Position): Promise<RecordedEvent | undefined> => {
    const fromPosition = serverPosition(position)
    for await (const resolved of client.readAll({ fromPosition, maxCount: 1, requiresLeader: true })) {
      return positionOf(resolved) === position ? fromKurrent(resolved)?.event : undefined
    }
    return undefined
  }

  // A server that is away, or a user it does not know, is found out now and not by the first command.
  try {
    await readAll(START, { limit: 1 })
  } catch (error) {
    await client.dispose()
    throw error
  }

  return {
    append: async (streamId, events, expectedVersion, fence) => {
      // What the server stores and who holds a lease are two systems: nothing could make the two one step.
      if (fence !== undefined) throw new TypeError('KurrentDB cannot keep a fence: use EVENT_LOG=postgres')
      const result = await appendToKurrent(
        client,
        { callMs, unavailableAfterMs, inSlot, readStream },
        streamId,
        events,
        expectedVersion,
      )
      wakeup.wake()
      return result
    },
    read: async (streamId, fromVersion = 0) =>
      (await call(`read ${streamId}`, () => readStream(streamId, fromVersion))).map(({ event }) => event),
    readAll,
    readAt: async (positions) => {
      const found: RecordedEvent[] = []
      const wanted = [...positions]
      const reader = async () => {
        for (let position = wanted.pop(); position !== undefined; position = wanted.pop()) {
          const event = await call(`read the event at ${position}`, () => readOne(position))
          if (event !== undefined) found.push(event)
        }
      }
      await Promise.all(Array.from({ length: READERS }, reader))
      return found
    },
    end: () =>
      call('find the end', async () => {
        const newest = client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 1, requiresLeader: true })
        for await (const resolved of newest) return positionOf(resolved)
        return START
      }),
    subscribe: async (from, filter, handler, signal) => {
      const page = (position: Position) => readAll(position, { filter, limit: pageEvents })
      const ending = AbortSignal.any([signal, closing.signal])
      await subscribeByPages({ page, wakeup, pollMs, onError }, from, filter, handler, ending)
    },
    close: async () => {
      closing.abort()
      await client.dispose()
    },
  }
}

const connect = (url: string): KurrentDBClient => {
  try {
    return KurrentDBClient.connectionString(url)
  } catch {
    // The client's own error quotes the URL, which may hold a password.
    throw new TypeError('the KurrentDB URL cannot be read; expected kurrentdb://[user:password@]host:port[?tls=false]')
  }
}

const serverPosition = (from: Position) => {
  if (comparePositions(from, START) === 0) return LOG_START
  const [commit = '0', prepare = '0'] = from.split('/')
  return { commit: BigInt(commit), prepare: BigInt(prepare) }
}

/**
 * The filter is applied here: the server's looks for matches until it has enough of them, however long that takes, and
 * does not say how far it came. So a page costs the same whatever it matches, and always moves on.
 */
const toPage = (
  rows: readonly AllStreamResolvedEvent[],
  from: Position,
  { categories, types }: EventFilter,
  limit: number,
): Page => {
  const events: RecordedEvent[] = []
  let position = from
  let seen = 0
  for (const row of rows) {
    const reached = positionOf(row)
    if (seen === limit || comparePositions(reached, from) <= 0) continue
    seen += 1
    position = reached
    const event = fromKurrent(row)?.event
    if (event === undefined) continue
    if (categories !== undefined && !categories.includes(categoryOf(event.streamId))) continue
    if (types !== undefined && !types.includes(event.type)) continue
    events.push(event)
  }
  return { events, position, atEnd: rows.length <= limit, pending: false }
}
