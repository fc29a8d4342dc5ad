import { eventSubject } from '@colibri/contracts'
import { type EventLog, startRelay } from '@colibri/event-log'
import type { NatsConnection } from '@nats-io/nats-core'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import { Gauge, type Registry } from 'prom-client'
import type { Failpoint } from './failpoint.ts'

export interface ServiceRelayOptions {
  readonly log: EventLog
  readonly pool: Pool
  readonly nats: NatsConnection
  readonly logger: Logger
  readonly metrics: Registry
  readonly failpoint: Failpoint
}

/** Every service offers to copy the log to JetStream; the one that is elected does. Returns how to stop. */
export const startServiceRelay = async (options: ServiceRelayOptions): Promise<() => Promise<void>> => {
  const { log, pool, nats, logger, metrics, failpoint } = options
  const relay = await startRelay(log, pool, nats, {
    subjectOf: (event) => eventSubject(event.streamId, event.type),
    onError: (error) => logger.warn({ err: error }, 'relay'),
    failpoint,
    onRefill: (refill) => logger.warn(refill, 'the EVENTS stream is filled again'),
  })
  new Gauge({
    name: 'colibri_relay_active',
    help: '1 in the one process that copies the log to JetStream',
    registers: [metrics],
    collect() {
      this.set(relay.active() ? 1 : 0)
    },
  })
  return () => relay.stop()
}
