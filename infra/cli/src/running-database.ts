import { resolve } from 'node:path'
import { LaunchError, readRun } from '@colibri/local'

/** The database of the Colibri that runs in COLIBRI_HOME, unless DATABASE_URL names another. */
export const runningDatabase = (env: NodeJS.ProcessEnv = process.env): string => {
  if (env.DATABASE_URL) return env.DATABASE_URL
  const home = resolve(env.COLIBRI_HOME ?? '.colibri')
  const url = readRun(home)?.urls.postgres
  if (url === undefined)
    throw new LaunchError(`No Colibri runs in ${home}: start it with npm start, or give COLIBRI_HOME or DATABASE_URL.`)
  return url
}
