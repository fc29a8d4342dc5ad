import { Agent, type ClientRequest, type IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { createProxyMiddleware, type Plugin, type RequestHandler } from 'http-proxy-middleware'
import type { Logger } from 'pino'
import type { EdgeMetrics } from '../metrics.ts'
import type { Replica, Replicas } from '../replicas/replicas.ts'
import { contextOf } from '../request/context.ts'
import { sendDetail, unavailableText } from '../request/reply.ts'
import type { Route } from '../routing/routes.ts'
import { refuseUpgrade } from './handshake.ts'
import { relay } from './relay.ts'

export interface ForwardDeps {
  readonly replicas: Replicas
  readonly timeouts: { readonly standard: number; readonly long: number }
  readonly logger: Logger
  readonly metrics: EdgeMetrics
}

export interface Forward {
  /** Sends the request to a replica of its route's service and the reply back; answers for a service that cannot. */
  (req: IncomingMessage, res: ServerResponse, route: Route): void
  /** Hands an upgraded socket to the replica. */
  upgrade(req: IncomingMessage, socket: Socket, head: Buffer, replica: Replica): void
  /** Closes the idle connections to the services. */
  close(): void
}

/** One request on its way, over all its attempts. */
interface Exchange {
  readonly route: Route
  readonly tried: Set<Replica>
  replica: Replica
  attempts: number
  timer: NodeJS.Timeout | undefined
  upstream: ClientRequest | undefined
  state: 'waiting' | 'answering' | 'timed-out' | 'over'
}

/** A connection that was refused never carried the request. */
export const neverReached = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL'])
const MOST_ATTEMPTS = 3
const UPGRADE_TIMEOUT_MS = 10_000

/** Added to the wait for the first byte, so that a service that falls silent within a body is cut off after the same time. */
const SILENCE_MARGIN_MS = 1000

const codeOf = (error: Error): string => ('code' in error && typeof error.code === 'string' ? error.code : '')

/** The proxy: one middleware for every service, routed per request. */
export const createForward = (deps: ForwardDeps): Forward => {
  const { replicas, logger, metrics } = deps
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 64, scheduling: 'lifo' })
  const exchanges = new WeakMap<IncomingMessage, Exchange>()
  const upgrades = new WeakMap<IncomingMessage, Replica>()
  const opened = new WeakSet<Socket>()

  const finish = (exchange: Exchange): void => {
    clearTimeout(exchange.timer)
    if (exchange.state === 'over') return
    exchange.state = 'over'
    exchange.replica.inFlight -= 1
  }

  const timedOut = (req: IncomingMessage, res: ServerResponse, exchange: Exchange): void => {
    if (exchange.state !== 'waiting') return
    exchange.state = 'timed-out'
    const waited = deps.timeouts[exchange.route.patience] / 1000
    logger.warn(
      { requestId: contextOf(req).requestId, service: exchange.route.service },
      'service did not answer in time',
    )
    sendDetail(res, 504, `Service '${exchange.route.service}' did not answer within ${waited} s`)
    exchange.upstream?.destroy()
  }

  const attempt = (req: IncomingMessage, res: ServerResponse, exchange: Exchange): void => {
    exchange.attempts += 1
    exchange.upstream = undefined
    exchange.state = 'waiting'
    exchange.replica.inFlight += 1
    clearTimeout(exchange.timer)
    exchange.timer = setTimeout(timedOut, deps.timeouts[exchange.route.patience], req, res, exchange)
    middleware(req, res, (error) => {
      if (error !== undefined) onError(error instanceof Error ? error : new Error(String(error)), req, res)
    }).catch((error: unknown) => logger.error({ err: error }, 'proxy failed'))
  }

  const again = (req: IncomingMessage, res: ServerResponse, exchange: Exchange, next: Replica): void => {
    metrics.retried(exchange.route.service)
    exchange.replica = next
    attempt(req, res, exchange)
  }

  const onError = (error: Error, req: IncomingMessage, res: ServerResponse): void => {
    const exchange = exchanges.get(req)
    if (exchange === undefined || exchange.state !== 'waiting') return
    const { replica, route } = exchange
    finish(exchange)
    if (res.destroyed || req.socket.destroyed) return
    const code = codeOf(error)
    exchange.tried.add(replica)
    if (neverReached.has(code)) {
      replicas.refused(replica)
      logger.warn({ service: route.service, instanceId: replica.instanceId, code }, 'replica refused the connection')
      const other = replicas.choose(route.service, exchange.tried)
      if (other !== undefined) again(req, res, exchange, other)
      else sendDetail(res, 503, unavailableText(route.service))
      return
    }
    if (req.method === 'GET' && exchange.attempts < MOST_ATTEMPTS) {
      const other = replicas.choose(route.service, exchange.tried) ?? replicas.choose(route.service)
      if (other !== undefined) {
        again(req, res, exchange, other)
        return
      }
    }
    logger.warn({ service: route.service, instanceId: replica.instanceId, code, err: error }, 'service broke off')
    sendDetail(
      res,
      502,
      `Service '${route.service}' broke off before it answered; the request may have been carried out`,
    )
  }

  const onUpgradeError = (error: Error, req: IncomingMessage, socket: Socket): void => {
    const replica = upgrades.get(req)
    if (replica === undefined || socket.destroyed) return
    const code = codeOf(error)
    if (neverReached.has(code)) replicas.refused(replica)
    logger.warn({ service: replica.service, instanceId: replica.instanceId, code }, 'socket of a service broke off')
    // Before the service answered, the client still waits for the status line of its handshake.
    if (opened.has(socket)) socket.destroy()
    else refuseUpgrade(socket, neverReached.has(code) ? 503 : 502, unavailableText(replica.service))
  }

  const onResponse = (upstream: IncomingMessage, req: IncomingMessage, res: ServerResponse): void => {
    const exchange = exchanges.get(req)
    if (exchange === undefined) return
    clearTimeout(exchange.timer)
    if (exchange.state === 'waiting') exchange.state = 'answering'
    relay(upstream, res)
  }

  const events: Plugin = (proxyServer) => {
    proxyServer.on('error', (error, req, res) => {
      if (req === undefined || res === undefined) logger.error({ err: error }, 'proxy failed')
      else if (res instanceof ServerResponse) onError(error, req, res)
      else onUpgradeError(error, req, res)
    })
    proxyServer.on('econnreset', (_error, req) => {
      const exchange = exchanges.get(req)
      if (exchange !== undefined) finish(exchange)
    })
    proxyServer.on('proxyReq', (upstream, req) => {
      const exchange = exchanges.get(req)
      if (exchange === undefined) return
      exchange.upstream = upstream
      // Head and body leave in one write; the pipe that httpxy sets up afterwards finds the request ended.
      upstream.end(contextOf(req).body?.toString('latin1'), 'latin1')
    })
    proxyServer.on('proxyRes', onResponse)
    proxyServer.on('proxyReqWs', (upstream, _req, socket) => {
      upstream.once('upgrade', (_response, serviceSocket) => {
        opened.add(socket)
        // Whichever side is gone without a goodbye takes the other with it.
        socket.once('close', () => serviceSocket.destroySoon())
        serviceSocket.once('close', () => socket.destroySoon())
      })
      upstream.once('response', () => opened.add(socket))
    })
  }

  const middleware: RequestHandler = createProxyMiddleware({
    ejectPlugins: true,
    selfHandleResponse: true,
    plugins: [events],
    agent,
    upgradeTimeout: UPGRADE_TIMEOUT_MS,
    router: (req, res, options) => {
      if (res === undefined) {
        const replica = upgrades.get(req)
        if (replica === undefined) throw new Error('socket without a replica')
        return replica.url
      }
      const exchange = exchanges.get(req)
      if (exchange === undefined) throw new Error('request without a replica')
      options.proxyTimeout = deps.timeouts[exchange.route.patience] + SILENCE_MARGIN_MS
      return exchange.replica.url
    },
  })

  const forward = (req: IncomingMessage, res: ServerResponse, route: Route): void => {
    const replica = replicas.choose(route.service)
    if (replica === undefined) {
      sendDetail(res, 503, unavailableText(route.service))
      return
    }
    const exchange: Exchange = {
      route,
      tried: new Set(),
      replica,
      attempts: 0,
      timer: undefined,
      upstream: undefined,
      state: 'waiting',
    }
    exchanges.set(req, exchange)
    res.on('close', () => finish(exchange))
    attempt(req, res, exchange)
  }

  const upgrade: Forward['upgrade'] = (req, socket, head, replica) => {
    upgrades.set(req, replica)
    replica.inFlight += 1
    socket.once('close', () => {
      replica.inFlight -= 1
    })
    middleware.upgrade(req, socket, head)
  }

  return Object.assign(forward, { upgrade, close: () => agent.destroy() })
}
