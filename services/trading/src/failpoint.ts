import type { TradingConfig } from './config.ts'

/** Ends the process without any clean-up at a named place. Refused outside tests, so that no environment can hurt a user. */
export const failpointOf = ({ COLIBRI_FAILPOINT, NODE_ENV }: TradingConfig): ((name: string) => void) => {
  if (COLIBRI_FAILPOINT === undefined) return () => undefined
  if (NODE_ENV !== 'test') throw new Error('COLIBRI_FAILPOINT is for crash tests: it needs NODE_ENV=test')
  return (name) => {
    if (name === COLIBRI_FAILPOINT) process.kill(process.pid, 'SIGKILL')
  }
}
