import { randomEventId } from '../event-id.ts'
import type { NewEvent } from '../event-log.ts'

/** An event with everything a log asks for, and what a test wants different. */
export const newEvent = (change: Partial<NewEvent> = {}): NewEvent => ({
  id: randomEventId(),
  type: 'Counted',
  schemaVersion: 1,
  data: { n: 1 },
  metadata: { correlationId: 'request-1', causationId: 'command-1', actor: 'user:test', time: 1_700_000_000_000 },
  ...change,
})
