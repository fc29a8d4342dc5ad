import { type EventLog, LogUnavailable, openKurrentLog, openPostgresLog } from '@colibri/event-log'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import type { BaseConfig } from './config.ts'
import { BootError, waitFor } from './wait-for.ts'

/** How long a command waits for a log that is away before its client is told 503. */
const unavailableAfterMs = 1_500
/** How long a KurrentDB may take to come up; Postgres has been waited for by the time a log is opened. */
const bootMs = 15_000

/** The event log that EVENT_LOG names. */
export const openLog = async (config: BaseConfig, pool: Pool, logger: Logger): Promise<EventLog> => {
  const onError = (error: unknown): void => logger.warn({ err: error }, 'event log')
  switch (config.EVENT_LOG) {
    case 'postgres':
      return openPostgresLog({ pool, unavailableAfterMs, onError })
    case 'kurrentdb': {
      const { KURRENTDB_URL: url } = config
      if (url === undefined) throw new BootError('KURRENTDB_URL is not set: EVENT_LOG=kurrentdb needs it')
      return waitFor('KurrentDB', bootMs, () =>
        openKurrentLog({ url, unavailableAfterMs, onError }).catch((error: unknown) => {
          // Only a server that is away is worth another try; a wrong URL or user stays wrong.
          if (error instanceof LogUnavailable) throw error
          throw new BootError(`KurrentDB: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
        }),
      )
    }
  }
}
