import type { RunningProjection } from '@colibri/event-log'
import type { NextFunction, Request, Response } from 'express'
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { routeTemplate } from './routes.ts'

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** A registry with the process's own figures; every series says which service and replica it is of. */
export const createMetrics = (service: string, instance: string): Registry => {
  const registry = new Registry()
  registry.setDefaultLabels({ service, instance })
  collectDefaultMetrics({ register: registry, prefix: 'colibri_' })
  return registry
}

/** Times every HTTP request by route template, never by path. */
export const measureHttp = (registry: Registry) => {
  const histogram = new Histogram({
    name: 'colibri_http_request_duration_seconds',
    help: 'HTTP requests by route, method and status',
    labelNames: ['method', 'route', 'status'],
    buckets: seconds,
    registers: [registry],
  })
  return (request: Request, response: Response, next: NextFunction): void => {
    const stop = histogram.startTimer({ method: request.method })
    response.once('close', () => stop({ route: routeTemplate(request), status: response.statusCode }))
    next()
  }
}

export type RpcSide = 'client' | 'server'
export type MeasureRpc = (side: RpcSide, subject: string) => (outcome: string) => void

/** Times RPC calls on either side; the outcome is `ok` or the kind of error. */
export const measureRpc = (registry: Registry): MeasureRpc => {
  const histogram = new Histogram({
    name: 'colibri_rpc_duration_seconds',
    help: 'RPC by side, subject and outcome',
    labelNames: ['side', 'subject', 'outcome'],
    buckets: seconds,
    registers: [registry],
  })
  return (side, subject) => {
    const stop = histogram.startTimer({ side, subject })
    return (outcome) => {
      stop({ outcome })
    }
  }
}

/** How far each projection is, and for how long its rows have not shown the whole log: 0 while they do. */
export const measureProjections = (registry: Registry, projections: readonly RunningProjection[]): void => {
  if (projections.length === 0) return
  new Gauge({
    name: 'colibri_projection_lag_seconds',
    help: 'How long a projection has been behind the log',
    labelNames: ['projection'],
    registers: [registry],
    collect() {
      const now = Date.now()
      for (const { name, behindSince } of projections) {
        this.set({ projection: name }, (now - (behindSince() ?? now)) / 1000)
      }
    },
  })
  new Gauge({
    name: 'colibri_projection_position',
    help: 'Number of the event in the log up to which everything is in the rows of a projection',
    labelNames: ['projection'],
    registers: [registry],
    collect() {
      for (const { name, position } of projections) {
        this.set({ projection: name }, Number(position().split('/').at(-1)))
      }
    },
  })
}
