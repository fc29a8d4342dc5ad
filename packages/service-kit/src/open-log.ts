import { type EventLog, openPostgresLog } from '@colibri/event-log'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import type { BaseConfig } from './config.ts'
import { BootError } from './wait-for.ts'

/** How long a command waits for a log that is away before its client is told 503. */
const unavailableAfterMs = 1_500

/** The event log that EVENT_LOG names. */
export const openLog = async (config: BaseConfig, pool: Pool, logger: Logger): Promise<EventLog> => {
  const onError = (error: unknown): void => logger.warn({ err: error }, 'event log')
  switch (config.EVENT_LOG) {
    case 'postgres':
      return openPostgresLog({ pool, unavailableAfterMs, onError })
    case 'kurrentdb':
      throw new BootError('EVENT_LOG=kurrentdb is not supported by this build, set EVENT_LOG=postgres')
  }
}
