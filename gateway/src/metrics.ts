import type { ServiceName } from '@colibri/contracts'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Replicas } from './replicas/replicas.ts'

export interface EdgeMetrics {
  readonly registry: Registry
  answered(service: string, status: number, seconds: number): void
  loginFailed(): void
  retried(service: ServiceName): void
  moved(service: ServiceName): void
  watchHeldSockets(read: () => { readonly sockets: number; readonly unreadBytes: number }): void
}

const services: readonly ServiceName[] = [
  'market-data',
  'trading',
  'portfolio',
  'orchestration',
  'backtesting',
  'gateway-dex',
]

/** What the edge counts. Labels are bounded: services and status codes. */
export const createMetrics = (replicas: Replicas): EdgeMetrics => {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const seconds = new Histogram({
    name: 'colibri_edge_request_seconds',
    help: 'Time from the first byte of a request to the end of its reply',
    labelNames: ['service', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers: [registry],
  })
  const failures = new Counter({
    name: 'colibri_edge_login_failures_total',
    help: 'Requests with a wrong user or password',
    registers: [registry],
  })
  const retries = new Counter({
    name: 'colibri_edge_retries_total',
    help: 'Requests sent again to another replica',
    labelNames: ['service'],
    registers: [registry],
  })
  const moves = new Counter({
    name: 'colibri_edge_moved_sockets_total',
    help: 'Websockets of clients that went on at another replica',
    labelNames: ['service'],
    registers: [registry],
  })
  new Gauge({
    name: 'colibri_edge_ready_replicas',
    help: 'Replicas that may get requests',
    labelNames: ['service'],
    registers: [registry],
    collect() {
      for (const service of services) this.set({ service }, replicas.readyCount(service))
    },
  })
  return {
    registry,
    answered: (service, status, duration) => seconds.observe({ service, status }, duration),
    loginFailed: () => failures.inc(),
    retried: (service) => retries.inc({ service }),
    moved: (service) => moves.inc({ service }),
    watchHeldSockets: (read) => {
      new Gauge({
        name: 'colibri_edge_held_sockets',
        help: 'Websockets of clients that outlive the replicas behind them',
        registers: [registry],
        collect() {
          this.set(read().sockets)
        },
      })
      new Gauge({
        name: 'colibri_edge_unread_bytes',
        help: 'What the clients of held websockets have not read, as far as the edge keeps it',
        registers: [registry],
        collect() {
          this.set(read().unreadBytes)
        },
      })
    },
  }
}
