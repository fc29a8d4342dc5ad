import { resolve } from 'node:path'
import { type EventLog, openKurrentLog, openPostgresLog } from '@colibri/event-log'
import { LaunchError, readRun } from '@colibri/local'
import type { Pool } from 'pg'

/** The folder of the Colibri that is meant: COLIBRI_HOME, or the default one. */
export const runningHome = (env: NodeJS.ProcessEnv = process.env): string => resolve(env.COLIBRI_HOME ?? '.colibri')

/** The database of the Colibri that runs in COLIBRI_HOME, unless DATABASE_URL names another. */
export const runningDatabase = (env: NodeJS.ProcessEnv = process.env): string => {
  if (env.DATABASE_URL) return env.DATABASE_URL
  const home = runningHome(env)
  const url = readRun(home)?.urls.postgres
  if (url === undefined)
    throw new LaunchError(`No Colibri runs in ${home}: start it with npm start, or give COLIBRI_HOME or DATABASE_URL.`)
  return url
}

export interface RunningLog {
  readonly log: EventLog
  readonly driver: 'postgres' | 'kurrentdb'
}

/** The log in the database, or in the KurrentDB that EVENT_LOG and KURRENTDB_URL name. */
export const runningLog = async (pool: Pool, env: NodeJS.ProcessEnv = process.env): Promise<RunningLog> => {
  if (env.EVENT_LOG !== 'kurrentdb') return { log: await openPostgresLog({ pool }), driver: 'postgres' }
  if (!env.KURRENTDB_URL) throw new LaunchError('EVENT_LOG is kurrentdb: give KURRENTDB_URL as well.')
  return { log: await openKurrentLog({ url: env.KURRENTDB_URL }), driver: 'kurrentdb' }
}
