import type { CommandContext, Decider, Handled } from './decider.ts'
import { derivedEventId, randomEventId } from './event-id.ts'
import {
  type DomainEvent,
  DuplicateEvent,
  type EventLog,
  type NewEvent,
  type RecordedEvent,
  VersionConflict,
} from './event-log.ts'
import { backOff, pause } from './pause.ts'

const ATTEMPTS = 8
const JITTER = { firstMs: 1, longestMs: 30 }

/** Runs commands against streams. */
export type HandleCommand = <Command, State, E extends DomainEvent>(
  log: EventLog,
  decider: Decider<Command, State, E>,
  streamId: string,
  command: Command,
  context: CommandContext,
) => Promise<Handled<State, E>>

/**
 * Read, decide, append at the version read. When another writer was faster the command is decided again on the fresh
 * state, a few times; then the `VersionConflict` is the caller's. What `decide` throws passes through unchanged.
 */
export const handleCommand: HandleCommand = async <Command, State, E extends DomainEvent>(
  log: EventLog,
  decider: Decider<Command, State, E>,
  streamId: string,
  command: Command,
  context: CommandContext,
): Promise<Handled<State, E>> => {
  for (let attempt = 0; ; attempt += 1) {
    // The stream's events are this decider's own: it is the only writer of its category.
    const history = (await log.read(streamId)) as readonly RecordedEvent<E>[]
    const state = history.reduce(
      (before: State, event) => decider.evolve(before, domainEvent(event)),
      decider.initialState,
    )
    const earlier = alreadyAppended(history, streamId, context.idempotencyKey)
    const lastEarlier = earlier.at(-1)
    if (lastEarlier !== undefined) {
      const appended = { version: lastEarlier.version, position: lastEarlier.position }
      return { state, events: earlier.map(domainEvent), appended }
    }

    const events = decider.decide(command, state)
    if (events.length === 0) return { state, events }
    const last = history.at(-1)
    try {
      const appended = await log.append(
        streamId,
        events.map((event, index) => newEvent(event, index, streamId, context)),
        last === undefined ? 'none' : last.version,
      )
      return { state: events.reduce((before, event) => decider.evolve(before, event), state), events, appended }
    } catch (error) {
      const raced =
        error instanceof VersionConflict || (error instanceof DuplicateEvent && context.idempotencyKey !== undefined)
      if (!raced || attempt + 1 >= ATTEMPTS) throw error
      await pause(backOff(attempt, JITTER))
    }
  }
}

const domainEvent = <E extends DomainEvent>(event: RecordedEvent<E>): E =>
  // `E` is a union of { type, data } shapes, which a generic spread loses.
  ({ type: event.type, data: event.data }) as E

const newEvent = <E extends DomainEvent>(
  event: E,
  index: number,
  streamId: string,
  { metadata, idempotencyKey, schemaVersions }: CommandContext,
): NewEvent<E> => ({
  id: idempotencyKey === undefined ? randomEventId() : derivedEventId(streamId, idempotencyKey, index),
  type: event.type,
  schemaVersion: schemaVersions?.[event.type] ?? 1,
  data: event.data,
  metadata,
})

/** The events an earlier run of the same command left in the stream: one append, so consecutive. */
const alreadyAppended = <E extends DomainEvent>(
  history: readonly RecordedEvent<E>[],
  streamId: string,
  idempotencyKey: string | undefined,
): readonly RecordedEvent<E>[] => {
  if (idempotencyKey === undefined) return []
  const firstId = derivedEventId(streamId, idempotencyKey, 0)
  const start = history.findIndex((event) => event.id === firstId)
  if (start < 0) return []
  let end = start + 1
  while (history[end]?.id === derivedEventId(streamId, idempotencyKey, end - start)) end += 1
  return history.slice(start, end)
}
