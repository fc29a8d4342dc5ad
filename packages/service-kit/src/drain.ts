import { setTimeout as sleep } from 'node:timers/promises'
import type { NextFunction, Request, Response } from 'express'

export interface Drain {
  readonly count: (request: Request, response: Response, next: NextFunction) => void
  /** New replies end their connection; resolves when no request is in flight, at the latest after `ms`. Returns how many were left. */
  wait(ms: number): Promise<number>
}

/** Counts requests in flight, so that a service ends after their replies and not in the middle of one. */
export const createDrain = (): Drain => {
  const inFlight = new Set<Response>()
  let idle: (() => void) | undefined
  let draining = false
  return {
    count: (_request, response, next) => {
      inFlight.add(response)
      if (draining) response.set('Connection', 'close')
      response.once('close', () => {
        inFlight.delete(response)
        if (inFlight.size === 0) idle?.()
      })
      next()
    },
    wait: async (ms) => {
      draining = true
      for (const response of inFlight) if (!response.headersSent) response.set('Connection', 'close')
      if (inFlight.size > 0) {
        const stop = new AbortController()
        const late = sleep(ms, undefined, { signal: stop.signal }).catch(() => undefined)
        const done = new Promise<void>((resolve) => {
          idle = resolve
        })
        await Promise.race([done, late])
        stop.abort()
      }
      return inFlight.size
    },
  }
}
