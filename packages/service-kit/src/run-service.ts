import { setTimeout as sleep } from 'node:timers/promises'
import type { ServiceName } from '@colibri/contracts'
import type { EventLog, RunningProjection } from '@colibri/event-log'
import type { NatsConnection } from '@nats-io/nats-core'
import type { Provider, Type } from '@nestjs/common'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import type { Registry } from 'prom-client'
import type { z } from 'zod'
import { announceInstance } from './announce.ts'
import { type Background, createBackground } from './background.ts'
import { type BaseConfig, ConfigError, readConfig, supervisorPid } from './config.ts'
import { type RequestContext, requestContext } from './context.ts'
import { openDatabase } from './database.ts'
import { createDrain } from './drain.ts'
import { type Failpoint, failpointOf } from './failpoint.ts'
import { createHealth, type Health } from './health.ts'
import { createHttpApp } from './http-app.ts'
import { createLogger } from './logger.ts'
import { openMessaging } from './messaging.ts'
import { createMetrics, measureProjections, measureRpc } from './metrics.ts'
import { openLog } from './open-log.ts'
import { type Call, createCall } from './rpc-client.ts'
import { RpcServer } from './rpc-server.ts'
import { startServiceRelay } from './service-relay.ts'
import { startServiceSealing } from './service-sealing.ts'
import { acceptSockets, type SocketEndpoint } from './sockets.ts'
import { whenAskedToStop } from './stop-signal.ts'
import { BootError, within } from './wait-for.ts'

/** What a service's own code stands on. */
export interface ServiceKit<C> {
  readonly config: C
  readonly logger: Logger
  readonly pool: Pool
  readonly log: EventLog
  readonly nats: NatsConnection
  readonly metrics: Registry
  /** Asks `rpc.<service>.<operation>`; throws `RpcError`. */
  readonly call: Call
  /** The one wrapper for promises nobody awaits. */
  readonly background: Background
  /** A named place at which a crash test ends the process. */
  readonly failpoint: Failpoint
  /** Runs when the service stops, after the last request, the latest registered first. */
  onShutdown(end: () => void | Promise<void>): void
  /** Ends the whole service, as a failed boot does: for a state in which going on would do harm. */
  giveUp(reason: BootError): void
  /** Ids and actor of the request at hand; outside a request the service itself is the actor. */
  context(): RequestContext
}

export interface Started {
  readonly controllers?: readonly Type<unknown>[]
  readonly providers?: readonly Provider[]
  /** Websocket paths; the edge has authenticated who comes through. */
  readonly sockets?: readonly SocketEndpoint[]
  readonly projections?: readonly RunningProjection[]
  /** Resolves what the last run left open. Nothing is answered before it is done. `url`: where others reach this replica. */
  readonly recover?: (self: { readonly url: string }) => Promise<void>
  /** Gives work that others can do at once to them, when this replica is asked to stop; it still answers meanwhile. */
  readonly handOver?: () => Promise<void>
}

export interface ServiceDefinition<C extends BaseConfig> {
  readonly name: ServiceName
  /** Made by `serviceConfig`. */
  readonly config: z.ZodType<C>
  readonly start: (kit: ServiceKit<C>) => Promise<Started> | Started
}

export interface RunningService {
  readonly url: string
  health(): Promise<Health>
  /** Rejects with the reason when the service has given up. Never resolves. */
  readonly failed: Promise<never>
  /** Drains and closes everything; the second call waits for the first. */
  stop(): Promise<void>
}

/** Providers and controllers get the kit by `@Inject(SERVICE_KIT)`. */
export const SERVICE_KIT = Symbol('service kit')

const bootMs = 15_000
/** Time for edges to hear that this replica drains before it stops to accept. */
const farewellMs = 50

type Phase = 'starting' | 'running' | 'draining'

/** Boots a service in this process. Throws `ConfigError` or `BootError`, each one clear sentence. */
export const startService = async <C extends BaseConfig>(
  definition: ServiceDefinition<C>,
  env?: NodeJS.ProcessEnv,
): Promise<RunningService> => {
  const { name } = definition
  const config = readConfig(definition.config, env)
  const logger = createLogger({ service: name, instanceId: config.INSTANCE_ID, level: config.LOG_LEVEL })
  const metrics = createMetrics(name, config.INSTANCE_ID)
  const background = createBackground(logger, metrics)
  const endings: (() => void | Promise<void>)[] = []
  const end = async (): Promise<void> => {
    for (let ending = endings.pop(); ending; ending = endings.pop()) {
      try {
        await ending()
      } catch (error) {
        logger.error({ err: error }, 'shutdown step failed')
      }
    }
  }

  let phase: Phase = 'starting'
  const { promise: failed, reject: giveUp } = Promise.withResolvers<never>()
  // Heard by whoever runs the service; one that is still starting fails for it all the same.
  failed.catch(() => undefined)
  try {
    const title = `colibri-${name}-${config.INSTANCE_ID}`
    const connections = await Promise.allSettled([
      openDatabase({ url: config.DATABASE_URL, name: title, logger, bootMs }).then((database) => {
        endings.push(database.close)
        return database
      }),
      openMessaging({
        url: config.NATS_URL,
        user: config.NATS_USER,
        password: config.NATS_PASSWORD,
        name: title,
        logger,
        bootMs,
      }).then((messaging) => {
        endings.push(messaging.close)
        return messaging
      }),
    ])
    const [database, messaging] = connections
    if (database.status === 'rejected') throw database.reason
    if (messaging.status === 'rejected') throw messaging.reason

    const log = await openLog(config, database.value.pool, logger)
    endings.push(log.close)
    const measure = measureRpc(metrics)
    const kit: ServiceKit<C> = {
      config,
      logger,
      pool: database.value.pool,
      log,
      nats: messaging.value.connection,
      metrics,
      call: createCall({ service: name, messaging: messaging.value, measure }),
      background,
      failpoint: failpointOf(config),
      onShutdown: (ending) => endings.push(ending),
      giveUp,
      context: () => requestContext() ?? ownContext(name),
    }
    endings.push(await startServiceRelay(kit))
    endings.push(await startServiceSealing(log, kit.pool, config.COLIBRI_HOME, logger))
    const {
      controllers = [],
      providers = [],
      sockets = [],
      projections = [],
      recover,
      handOver,
    } = await definition.start(kit)
    for (const projection of projections) endings.push(() => projection.stop())
    measureProjections(metrics, projections)

    const drain = createDrain()
    const rpc = new RpcServer({ service: name, connection: kit.nats, measure })
    const health = createHealth({
      log,
      database: database.value,
      messaging: messaging.value,
      projections,
      phase: () => phase,
    })
    const app = await createHttpApp({
      service: name,
      controllers,
      providers: [{ provide: SERVICE_KIT, useValue: kit }, ...providers],
      logger,
      metrics,
      drain,
      edgeToken: config.EDGE_TOKEN,
      rpc,
      health,
      phase: () => phase,
    })
    endings.push(() => app.close())
    const live = acceptSockets(app.getHttpServer(), {
      endpoints: sockets,
      edgeToken: config.EDGE_TOKEN,
      phase: () => phase,
      logger,
    })
    await app.listen(config.HTTP_PORT, config.HTTP_HOST)
    const url = `http://${hostInUrl(config.ADVERTISE_HOST ?? config.HTTP_HOST)}:${portOf(app.getHttpServer().address())}`

    const announcer = announceInstance(messaging.value, { service: name, instanceId: config.INSTANCE_ID, url })
    endings.push(announcer.leave)
    await recover?.({ url })
    await app.startAllMicroservices()
    phase = 'running'
    // Ready stays announced when the database goes: this replica answers such requests with an exact 503 itself, and what
    // needs no database still works.
    announcer.state('ready')
    const monitor = setInterval(() => background('health probe', health()), 1_000)
    endings.push(() => clearInterval(monitor))
    logger.info({ url }, 'ready')

    let stopping: Promise<void> | undefined
    const stop = async (): Promise<void> => {
      phase = 'draining'
      announcer.state('draining')
      if (messaging.value.connected()) await kit.nats.flush()
      await sleep(farewellMs)
      if (handOver !== undefined) {
        const given = within('handing over', config.DRAIN_SECONDS * 1_000, handOver())
        await given.catch((error: unknown) => logger.warn({ err: error }, 'not everything was handed over'))
      }
      const server = app.getHttpServer()
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      const patienceMs = config.DRAIN_SECONDS * 1_000
      const [requests, calls] = await Promise.all([drain.wait(patienceMs), rpc.drain(patienceMs), live.drain()])
      if (requests + calls > 0) logger.warn({ requests, calls }, 'stopped in the middle of requests')
      server.closeAllConnections()
      await closed
      await end()
    }
    return {
      url,
      health,
      failed,
      stop: () => {
        stopping ??= stop()
        return stopping
      },
    }
  } catch (error) {
    await end()
    throw error
  }
}

const ownContext = (service: ServiceName): RequestContext => ({
  requestId: '',
  correlationId: crypto.randomUUID(),
  actor: `service:${service}`,
})

const portOf = (address: unknown): number => {
  if (typeof address === 'object' && address !== null && 'port' in address && typeof address.port === 'number') {
    return address.port
  }
  throw new BootError('the HTTP server has no port')
}

const hostInUrl = (host: string): string => (host.includes(':') ? `[${host}]` : host)

/**
 * The main function of every service: boots it, and ends the process when it is asked to, with code 0, or when it cannot
 * boot or something unforeseen breaks, with code 1.
 */
export const runService = async <C extends BaseConfig>(definition: ServiceDefinition<C>): Promise<void> => {
  const fatal = (error: unknown): never => {
    const logger = createLogger({
      service: definition.name,
      instanceId: process.pid.toString(),
      level: 'info',
    })
    const expected = error instanceof ConfigError || error instanceof BootError
    const message = error instanceof Error ? error.message : String(error)
    logger.fatal(expected ? {} : { err: error }, `${definition.name}: ${message}`)
    process.exit(1)
  }
  process.on('uncaughtException', fatal)
  process.on('unhandledRejection', fatal)
  try {
    const asked = whenAskedToStop(supervisorPid())
    // A start may wait long for its turn, and has answered nobody yet.
    const service = await Promise.race([startService(definition), asked])
    if (service === undefined) process.exit(0)
    await Promise.race([asked, service.failed])
    await service.stop()
    process.exit(0)
  } catch (error) {
    fatal(error)
  }
}
