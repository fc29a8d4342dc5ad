import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Logger } from 'pino'
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws'
import { contextOf, headerNames, type RequestContext } from './context.ts'
import { isEdgeToken } from './edge-token.ts'

/** One websocket path of a service. */
export interface SocketEndpoint {
  /** As the edge sends it, without query. */
  readonly path: string
  /**
   * Takes a socket that has just opened, whoever opened it, and the connection below, whose writes can be held together.
   * It must listen before it returns, and must not throw.
   */
  readonly open: (socket: WebSocket, context: RequestContext, connection: Pick<Duplex, 'cork' | 'uncork'>) => void
}

export interface Sockets {
  /** Says goodbye to every socket with 1012 and refuses new ones; resolves when all are closed, politely or not. */
  drain(): Promise<void>
}

export interface SocketsOptions {
  readonly endpoints: readonly SocketEndpoint[]
  readonly edgeToken: string
  readonly phase: () => 'starting' | 'running' | 'draining'
  readonly logger: Logger
}

/** A client's frame is a small command; more closes the socket with 1009. */
const MAX_PAYLOAD = 64 * 1024
/** How long a client has to read what it is still owed, the reason it is closed for included, before it is cut off. */
const CLOSE_MS = 30_000
/** The same when the service has to go. */
const DRAIN_MS = 3_000
const SERVICE_RESTART = 1012

/** Serves the websockets of a service on its HTTP server, for the edge only. */
export const acceptSockets = (server: Server, options: SocketsOptions): Sockets => {
  const { endpoints, logger } = options
  if (endpoints.length === 0) return { drain: async () => undefined }
  const isEdge = isEdgeToken(options.edgeToken)
  const open = new Set<WebSocket>()
  // The typings of ws are older than its closeTimeout.
  const settings: ServerOptions & { readonly closeTimeout: number } = {
    noServer: true,
    clientTracking: false,
    // Compressing small messages costs more memory and time than it saves.
    perMessageDeflate: false,
    maxPayload: MAX_PAYLOAD,
    closeTimeout: CLOSE_MS,
  }
  const handshakes = new WebSocketServer(settings)

  server.on('upgrade', (request: IncomingMessage, connection: Duplex, head: Buffer) => {
    const header = (name: string): string | undefined => {
      const value = request.headers[name]
      return typeof value === 'string' ? value : undefined
    }
    connection.on('error', (error) => logger.debug({ err: error }, 'a socket broke off'))
    if (!isEdge(header(headerNames.edgeToken))) return refuse(connection, 401, 'Not authenticated')
    const endpoint = endpoints.find(({ path }) => path === request.url?.split('?')[0])
    if (endpoint === undefined) return refuse(connection, 404, 'Not Found')
    if (options.phase() !== 'running') return refuse(connection, 503, `Service is ${options.phase()}`)
    handshakes.handleUpgrade(request, connection, head, (socket) => {
      open.add(socket)
      socket.once('close', () => open.delete(socket))
      // A frame that breaks the protocol: ws closes the socket itself, with the code that says why.
      socket.on('error', (error) => logger.debug({ err: error }, 'a client broke the websocket protocol'))
      endpoint.open(socket, contextOf(header, 'client:unknown'), connection)
    })
  })

  return {
    drain: async () => {
      const closed = [...open].map((socket) => new Promise((resolve) => socket.once('close', resolve)))
      for (const socket of open) {
        socket.resume()
        socket.close(SERVICE_RESTART, 'Service is restarting')
      }
      const patience = setTimeout(() => {
        for (const socket of open) socket.terminate()
      }, DRAIN_MS)
      await Promise.all(closed)
      clearTimeout(patience)
    },
  }
}

const refuse = (connection: Duplex, status: number, detail: string): void => {
  const body = JSON.stringify({ detail })
  connection.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\ncontent-type: application/json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}
