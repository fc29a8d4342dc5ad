import type { RecordedEvent } from '@colibri/event-log'

/** One event on one line: when, where, what, by whom. */
export const eventLine = (event: RecordedEvent): string =>
  [
    new Date(event.metadata.time).toISOString(),
    `${event.streamId}@${event.version}`,
    event.type,
    JSON.stringify(event.data),
    `by ${event.metadata.actor}`,
    `request ${event.metadata.correlationId}`,
  ].join('  ')
