import { join } from 'node:path'
import { type EventLog, SEALS_FILE, SealsForged, startSealing } from '@colibri/event-log'
import type { Pool } from 'pg'
import type { Logger } from 'pino'

/** Every service offers to seal the log; a lock lets one of them make each seal. Returns how to stop. */
export const startServiceSealing = async (
  log: EventLog,
  pool: Pool,
  home: string,
  logger: Logger,
): Promise<() => Promise<void>> => {
  const sealing = await startSealing(log, pool, {
    anchors: join(home, SEALS_FILE),
    onError: (error) => {
      if (error instanceof SealsForged) logger.error({ err: error }, 'the event log was tampered with')
      else logger.warn({ err: error }, 'sealing the event log')
    },
  })
  return () => sealing.stop()
}
