import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { serviceName } from '@colibri/contracts'
import type { Logger } from 'pino'
import { createAuthenticate } from './auth/authenticate.ts'
import { createCredentials } from './auth/credentials.ts'
import { createLockout } from './auth/lockout.ts'
import { ConfigError, type EdgeConfig } from './config.ts'
import { createMetrics } from './metrics.ts'
import { loadDocs } from './pages/docs.ts'
import { createOpenApi } from './pages/openapi.ts'
import { createPages } from './pages/pages.ts'
import { createApp } from './pipeline.ts'
import { createForward } from './proxy/forward.ts'
import { createHeldSockets } from './proxy/held/held-sockets.ts'
import { createUpgrade } from './proxy/websocket.ts'
import { startDiscovery } from './replicas/discovery.ts'
import { createReplicas } from './replicas/replicas.ts'
import { createCors } from './request/cors.ts'
import { contractRoutes } from './routing/contract-routes.ts'
import { createPathTable } from './routing/path-table.ts'

export interface Edge {
  readonly url: string
  /** Takes no new work, lets running requests end, then closes everything. */
  stop(): Promise<void>
}

const HEADERS_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 30_000
const KEEP_ALIVE_MS = 65_000

const protocolErrors: Readonly<Record<string, readonly [number, string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout'],
}

const onClientError = (error: NodeJS.ErrnoException, socket: Socket): void => {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const [status, detail] = protocolErrors[error.code ?? ''] ?? [400, 'Bad Request']
  const body = JSON.stringify({ detail })
  socket.end(
    `HTTP/1.1 ${status} ${detail}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}

const listen = (server: Server, { host, port }: EdgeConfig): Promise<string> =>
  new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const busy = error.code === 'EADDRINUSE'
      const text = busy
        ? `Port ${port} on ${host} is already in use; set GATEWAY_PORT to a free one.`
        : `Cannot listen on ${host}:${port}: ${error.message}.`
      reject(new ConfigError(text))
    })
    server.listen(port, host.replace(/^\[|\]$/g, ''), () => {
      const { address, port: bound, family } = server.address() as AddressInfo
      resolve(`http://${family === 'IPv6' ? `[${address}]` : address}:${bound}`)
    })
  })

/** Starts the edge and resolves once it listens; throws a ConfigError when it cannot. */
export const startEdge = async (config: EdgeConfig, logger: Logger): Promise<Edge> => {
  let state: 'running' | 'draining' = 'running'
  const table = createPathTable(contractRoutes)
  const openApi = createOpenApi(table, contractRoutes, config.edgeToken, logger)
  const replicas = createReplicas((replica) => {
    logger.info(
      { service: replica.service, instanceId: replica.instanceId, url: replica.url.origin },
      'replica is ready',
    )
    openApi.learn(replica)
  })
  const metrics = createMetrics(replicas)
  const docs = await loadDocs()
  const authenticate = createAuthenticate(
    createCredentials(config.username, config.password),
    createLockout(),
    metrics.loginFailed,
  )
  const cors = createCors(config.cors)
  const forward = createForward({ replicas, timeouts: config.timeouts, logger, metrics })
  const discovery = startDiscovery(config.nats, replicas, logger)
  const pages = createPages({
    docs,
    openApi,
    metrics,
    replicas,
    discovery,
    requiredServices: config.requiredServices,
    services: serviceName.options,
    draining: () => state === 'draining',
  })
  const app = createApp({ config, cors, pages, table, openApi, authenticate, forward, metrics, logger })
  const upgraded = new Set<Socket>()
  const held = createHeldSockets({ replicas, metrics, logger })
  const upgrade = createUpgrade({ authenticate, cors, replicas, forward, held, edgeToken: config.edgeToken, logger })

  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: 1_000,
      noDelay: true,
      shouldUpgradeCallback: (req) => req.headers.upgrade?.toLowerCase() === 'websocket',
    },
    app,
  )
  server.on('checkContinue', (req: IncomingMessage, res: ServerResponse) => {
    if (Number(req.headers['content-length'] ?? 0) <= config.bodyLimit) res.writeContinue()
    app(req, res)
  })
  server.on('clientError', onClientError)
  server.on('upgrade', (req: IncomingMessage, socket: Socket, head: Buffer) => {
    upgraded.add(socket)
    socket.once('close', () => upgraded.delete(socket))
    upgrade(req, socket, head)
  })
  server.prependListener('request', (_req: IncomingMessage, res: ServerResponse) => {
    if (state === 'draining') res.shouldKeepAlive = false
  })

  let url: string
  try {
    url = await listen(server, config)
  } catch (error) {
    await discovery.stop()
    throw error
  }
  logger.info({ url }, 'the edge listens')

  return {
    url,
    stop: async () => {
      state = 'draining'
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      const deadline = setTimeout(() => server.closeAllConnections(), config.drainTimeout)
      for (const socket of upgraded) if (!held.holds(socket)) socket.destroySoon()
      await Promise.all([closed, held.stop()])
      clearTimeout(deadline)
      forward.close()
      await discovery.stop()
    },
  }
}
