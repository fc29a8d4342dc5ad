import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { ServiceName } from '@colibri/contracts'
import type { Logger } from 'pino'
import { type ServerOptions, WebSocketServer } from 'ws'
import type { EdgeMetrics } from '../../metrics.ts'
import type { Replicas } from '../../replicas/replicas.ts'
import { unavailableText } from '../../request/reply.ts'
import { refuseUpgrade } from '../handshake.ts'
import type { Call } from './dial.ts'
import { type HeldSocket, holdSocket } from './held-socket.ts'
import { createFindLink } from './links.ts'

export interface HeldSocketsDeps {
  readonly replicas: Replicas
  readonly metrics: EdgeMetrics
  readonly logger: Logger
}

export interface HeldSockets {
  /** Accepts the client once a replica has accepted the edge, or refuses it. */
  open(req: IncomingMessage, socket: Socket, head: Buffer, service: ServiceName, call: Call): void
  /** Whether this connection belongs to a client that is held. */
  holds(socket: Socket): boolean
  /** Closes every client with 1012; resolves when all are gone, politely or not. */
  stop(): Promise<void>
}

/** As the services have it: more closes the socket with 1009. */
const MAX_PAYLOAD = 64 * 1024
/** A replica that says nothing, and answers no ping, is given up after three to four of these. */
const CHECK_MS = 750
/** How long a client that lost its replica waits for another before it is sent away. */
const PATIENCE_MS = 15_000
/** How long one waits for its handshake while no replica answers: usual clients do not wait longer than 10 s. */
const HANDSHAKE_MS = 8_000
const GOODBYE_MS = 2_000
const CLOSE_MS = 30_000

/** The sockets that outlive the replicas behind them. */
export const createHeldSockets = ({ replicas, metrics, logger }: HeldSocketsDeps): HeldSockets => {
  let state: 'running' | 'stopping' = 'running'
  const held = new Map<Socket, HeldSocket>()
  // The typings of ws are older than its closeTimeout.
  const settings: ServerOptions & { readonly closeTimeout: number } = {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MAX_PAYLOAD,
    closeTimeout: CLOSE_MS,
  }
  const handshakes = new WebSocketServer(settings)
  metrics.watchHeldSockets(() => ({
    sockets: held.size,
    unreadBytes: [...held.values()].reduce((sum, one) => sum + one.unreadBytes(), 0),
  }))
  const checks = setInterval(() => {
    for (const one of held.values()) one.check()
  }, CHECK_MS)
  checks.unref()

  const findLink = createFindLink(replicas, logger)

  const accept = async (
    req: IncomingMessage,
    socket: Socket,
    head: Buffer,
    service: ServiceName,
    call: Call,
  ): Promise<void> => {
    const wanted = (): boolean => state === 'running' && !socket.destroyed
    const link = await findLink({ service, call, patienceMs: HANDSHAKE_MS, wanted })
    if (link === undefined) {
      refuseUpgrade(socket, 503, unavailableText(service), { 'retry-after': '1' })
      return
    }
    let taken: 'yes' | 'no' = 'no'
    if (wanted()) {
      handshakes.handleUpgrade(req, socket, head, (client) => {
        taken = 'yes'
        const one = holdSocket(client, socket, link, {
          findLink: (avoid, wanted) => findLink({ service, call, patienceMs: PATIENCE_MS, avoid, wanted }),
          moved: () => metrics.moved(service),
          report: (error) => {
            logger.error({ err: error }, 'socket could not be moved')
            client.terminate()
          },
        })
        held.set(socket, one)
        client.once('close', () => held.delete(socket))
      })
    }
    if (taken === 'no') link.socket.terminate()
  }

  return {
    open: (req, socket, head, service, call) => {
      accept(req, socket, head, service, call).catch((error: unknown) => {
        logger.error({ err: error }, 'socket could not be opened')
        socket.destroy()
      })
    },
    holds: (socket) => held.has(socket),
    stop: async () => {
      state = 'stopping'
      clearInterval(checks)
      const gone = [...held.keys()].map((socket) => new Promise((resolve) => socket.once('close', resolve)))
      for (const one of [...held.values()]) one.stop()
      const patience = setTimeout(() => {
        for (const one of [...held.values()]) one.terminate()
      }, GOODBYE_MS)
      await Promise.all(gone)
      clearTimeout(patience)
    },
  }
}
