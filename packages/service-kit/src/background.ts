import type { Logger } from 'pino'
import { Counter, type Registry } from 'prom-client'

export type Background = (name: string, promise: Promise<unknown>) => void

/** The one wrapper for promises nobody awaits: a failure is logged and counted, never swallowed and never fatal. */
export const createBackground = (logger: Logger, metrics: Registry): Background => {
  const failures = new Counter({
    name: 'colibri_background_failures_total',
    help: 'Background work that ended with an error',
    labelNames: ['name'],
    registers: [metrics],
  })
  return (name, promise) => {
    promise.catch((error: unknown) => {
      failures.inc({ name })
      logger.error({ err: error, name }, 'background work failed')
    })
  }
}
