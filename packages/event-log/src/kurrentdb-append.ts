import { randomUUID } from 'node:crypto'
import { type KurrentDBClient, NO_STREAM, WrongExpectedVersionError } from '@kurrent/kurrentdb-client'
import {
  type AppendResult,
  DuplicateEvent,
  type ExpectedVersion,
  LogUnavailable,
  type NewEvent,
  VersionConflict,
} from './event-log.ts'
import { isUnreachable, isWrongVersion, withinTime } from './kurrentdb-errors.ts'
import { type StoredEvent, toKurrent } from './kurrentdb-event.ts'
import { backOff, pause } from './pause.ts'

/** How often the stream may grow between looking at it and writing to it before it is called contended. */
const RACES = 200
const RACE = { firstMs: 1, longestMs: 20 }
const RECONNECT = { firstMs: 20, longestMs: 500 }

export interface KurrentAppendOptions {
  /** Longest time one call may take. */
  readonly callMs: number
  /** How long an unreachable server is tried again before the append fails with `LogUnavailable`. */
  readonly unavailableAfterMs: number
  /** Keeps the number of appends under way within what the client can bear. */
  readonly inSlot: <T>(work: () => Promise<T>) => Promise<T>
  readonly readStream: (streamId: string, fromVersion: number) => Promise<readonly StoredEvent[]>
}

/**
 * `EventLog.append` over KurrentDB. The server takes a repeated id for a retry and answers as if it had just been stored,
 * or stores it again when the expected version is the current one. So the stream is read first and written at exactly
 * the version read: an id is stored once per stream. What one stream holds is not compared with others.
 *
 * Every call marks its events with an id of its own, which tells a write that was acknowledged too late from a rival's.
 */
export const appendToKurrent = async (
  client: KurrentDBClient,
  { callMs, unavailableAfterMs, inSlot, readStream }: KurrentAppendOptions,
  streamId: string,
  events: readonly NewEvent[],
  expected: ExpectedVersion,
): Promise<AppendResult> => {
  const ids = events.map((event) => event.id.toLowerCase())
  checkRequest(streamId, ids, expected)
  const appendId = randomUUID()
  const data = events.map((event) => toKurrent(event, appendId))
  const deadline = Date.now() + unavailableAfterMs
  let races = 0
  for (let attempt = 0; ; attempt += 1) {
    try {
      const stored = await readStream(streamId, 0)
      const before = resultAmong(stored)
      if (before !== undefined) return before
      const actual = stored.at(-1)?.event.version ?? 'none'
      if (expected !== 'any' && expected !== actual) throw new VersionConflict(streamId, expected, actual)
      const streamState = actual === 'none' ? NO_STREAM : BigInt(actual)
      const writing = inSlot(() => client.appendToStream(streamId, data, { streamState, deadline: callMs }))
      const { success } = await withinTime(callMs, writing)
      // Only a client whose URL says `throwOnAppendFailure=false` answers instead of throwing.
      if (!success)
        throw new WrongExpectedVersionError(undefined, {
          streamName: streamId,
          expected: streamState,
          current: streamState,
        })
      // A rival with the same ids at the same version gets the same answer, but only one of the two has written.
      const after = resultAmong(await readStream(streamId, actual === 'none' ? 0 : actual + 1))
      if (after !== undefined) return after
      throw new Error(`the server acknowledged an append to ${streamId} and does not return it`)
    } catch (error) {
      if (isUnreachable(error)) {
        if (Date.now() >= deadline) throw new LogUnavailable(`append to ${streamId}`, error)
        await pause(Math.min(backOff(attempt, RECONNECT), Math.max(1, deadline - Date.now())))
      } else if (isWrongVersion(error) && races < RACES) {
        // The stream has grown since it was read: reading it again says whether that matters, and why.
        races += 1
        await pause(backOff(Math.min(races, 5), RACE))
      } else {
        throw error
      }
    }
  }

  /** What this very call has stored, a `DuplicateEvent` when another has, undefined when nobody has. */
  function resultAmong(stored: readonly StoredEvent[]): AppendResult | undefined {
    const wanted = new Set(ids)
    const found = stored.filter(({ event }) => wanted.has(event.id))
    const last = found.at(-1)
    if (last === undefined) return undefined
    const rival = found.find((each) => each.appendId !== appendId)
    if (rival !== undefined) throw new DuplicateEvent(rival.event.id)
    return { version: last.event.version, position: last.event.position }
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
