import { type EventLog, type NewEvent, VersionConflict } from '@colibri/event-log'

/** A log in memory for tests of what appends and reads streams: versions are checked, event ids are not. */
export const memoryLog = () => {
  const streams = new Map<string, readonly NewEvent[]>()
  const log: Pick<EventLog, 'append' | 'read'> = {
    async append(streamId, events, expected) {
      const stream = streams.get(streamId) ?? []
      const actual = stream.length === 0 ? 'none' : stream.length - 1
      if (expected !== 'any' && expected !== actual) throw new VersionConflict(streamId, expected, actual)
      streams.set(streamId, [...stream, ...events])
      return { version: stream.length + events.length - 1, position: '0/1' }
    },
    read: async (streamId) =>
      (streams.get(streamId) ?? []).map((event, version) => ({
        ...event,
        streamId,
        version,
        position: '0/1',
        recordedAt: 0,
      })),
  }
  return { log: log as EventLog, eventsOf: (streamId: string) => streams.get(streamId) ?? [] }
}
