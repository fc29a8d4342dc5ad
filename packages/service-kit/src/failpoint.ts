import type { BaseConfig } from './config.ts'

/** Passes a named place; in a crash test that names it the process ends there. */
export type Failpoint = (name: string) => void

/**
 * Ends the process without any clean-up at the place COLIBRI_FAILPOINT names. Refused outside tests, so that no environment
 * can hurt a user.
 */
export const failpointOf = ({
  COLIBRI_FAILPOINT,
  NODE_ENV,
}: Pick<BaseConfig, 'COLIBRI_FAILPOINT' | 'NODE_ENV'>): Failpoint => {
  if (COLIBRI_FAILPOINT === undefined) return () => undefined
  if (NODE_ENV !== 'test') throw new Error('COLIBRI_FAILPOINT is for crash tests: it needs NODE_ENV=test')
  return (name) => {
    if (name === COLIBRI_FAILPOINT) process.kill(process.pid, 'SIGKILL')
  }
}
