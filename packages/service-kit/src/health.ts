import type { EventLog, RunningProjection } from '@colibri/event-log'
import type { Database } from './database.ts'
import type { Messaging } from './messaging.ts'
import { within } from './wait-for.ts'

export type Component = { readonly status: 'up' } | { readonly status: 'down'; readonly reason: string }

export interface Health {
  readonly status: 'ready' | 'not ready'
  readonly components: Readonly<Record<string, Component>>
}

export interface HealthOptions {
  readonly log: EventLog
  readonly database: Database
  readonly messaging: Messaging
  readonly projections: readonly RunningProjection[]
  readonly phase: () => 'starting' | 'running' | 'draining'
}

const up: Component = { status: 'up' }
const down = (reason: string): Component => ({ status: 'down', reason })
const probeMs = 1_500
/** An id no aggregate has: reading it costs one index look-up and proves the way to the log. */
const probeStream = 'health-probe'

const probed = (promise: Promise<unknown>): Promise<Component> =>
  promise.then(
    () => up,
    // The reason stays general: connection errors may name hosts and users, the log has the details.
    (error: unknown) =>
      down(error instanceof Error && /timeout|longer than/i.test(error.message) ? 'no answer' : 'unreachable'),
  )

/** Asks every part the service stands on, in bounded time; those who ask at the same time share one answer. */
export const createHealth = (options: HealthOptions): (() => Promise<Health>) => {
  const { log, database, messaging, projections, phase } = options
  let running: Promise<Health> | undefined
  const check = async (): Promise<Health> => {
    const [databaseState, logState] = await Promise.all([
      probed(within('the database', probeMs, database.probe())),
      probed(within('the event log', probeMs, log.read(probeStream))),
    ])
    const components: Record<string, Component> = {
      service: phase() === 'running' ? up : down(phase()),
      log: logState,
      database: databaseState,
      nats: messaging.connected() ? up : down('not connected'),
    }
    for (const projection of projections) components[`projection ${projection.name}`] = projectionState(projection)
    const ready = Object.values(components).every(({ status }) => status === 'up')
    return { status: ready ? 'ready' : 'not ready', components }
  }
  return () => {
    running ??= check().finally(() => {
      running = undefined
    })
    return running
  }
}

const projectionState = (projection: RunningProjection): Component => {
  if (projection.caughtUp()) return up
  return down(projection.error()?.name === 'ProjectionHalted' ? 'halted' : 'behind the log')
}
