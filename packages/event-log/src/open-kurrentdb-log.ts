import type { EventLog } from './event-log.ts'
import type { KurrentLogOptions } from './kurrentdb-log.ts'

/**
 * The event log in a KurrentDB. Its client is a tenth of all modules of a service: only who uses it waits for it at every
 * start. Throws `LogUnavailable` when the server cannot be reached.
 */
export const openKurrentLog = async (options: KurrentLogOptions): Promise<EventLog> => {
  const driver = await import('./kurrentdb-log.ts')
  return driver.openKurrentLog(options)
}
