import { randomUUID } from 'node:crypto'
import type { SocketEndpoint } from '@colibri/service-kit'
import type { Registry } from 'prom-client'
import { readCommand } from './command.ts'
import { createConnection } from './connection.ts'
import { connectedMessage, heartbeatMessage } from './message.ts'
import { createLiveSocketMetrics, type Ending } from './metrics.ts'
import { createOutlet } from './outlet.ts'
import type { Sources } from './sources.ts'

export interface LiveSocketsDeps {
  readonly sources: Sources
  readonly metrics: Registry
  readonly explain: (error: unknown) => string
  readonly background: (name: string, promise: Promise<unknown>) => void
  readonly limits: LiveSocketLimits
}

export interface LiveSocketLimits {
  readonly heartbeatMs: number
  /** Bytes a client may leave unread before it is sent no more. */
  readonly mostUnread: number
  /** How long it may leave them unread before its socket is closed. */
  readonly patienceMs: number
}

/** Of this service alone: the client did not read, or does not answer pings. It may come back and resume. */
export const TOO_SLOW = 4008
/** The service kit's goodbye. */
const SERVICE_RESTART = 1012

interface Open {
  unreadBytes(): number
  /** Closes a client that has not read for too long. */
  check(): void
}

/** `/ws/market-data`: live data for every client at its own pace. */
export const createLiveSockets = (deps: LiveSocketsDeps): SocketEndpoint => {
  const { sources, explain, background, limits } = deps
  const open = new Set<Open>()
  const metrics = createLiveSocketMetrics(deps.metrics, {
    connections: () => open.size,
    bufferedBytes: () => [...open].reduce((sum, one) => sum + one.unreadBytes(), 0),
  })
  const checks = setInterval(() => {
    for (const one of open) one.check()
  }, limits.patienceMs / 10)
  // Nothing has to be checked for a service that has nothing else to do.
  checks.unref()

  return {
    path: '/ws/market-data',
    open: (socket, _context, wire) => {
      const outlet = createOutlet(socket, wire, limits.mostUnread, Date.now)
      const connection = createConnection({ outlet, sources, metrics, explain, background })
      let ending: Ending | undefined
      let heard = true

      const end = (reason: Ending, text: string): void => {
        if (ending !== undefined) return
        ending = reason
        metrics.closed(reason)
        connection.close()
        // Its goodbye is read too.
        socket.resume()
        socket.close(TOO_SLOW, text)
      }
      const beat = (): void => {
        if (outlet.congestedSince() !== undefined) {
          // Its answers wait unread on our side.
          heard = true
          return
        }
        if (!heard) {
          end('silent', `No answer to pings for ${limits.heartbeatMs / 1_000} s`)
          return
        }
        heard = false
        socket.ping()
        outlet.say(heartbeatMessage())
        metrics.sent('heartbeat')
      }
      const own: Open = {
        unreadBytes: () => socket.bufferedAmount,
        check: () => {
          const since = outlet.congestedSince()
          if (since !== undefined && Date.now() - since >= limits.patienceMs)
            end('slow', `Messages were not read for ${limits.patienceMs / 1_000} s`)
        },
      }

      const heartbeat = setInterval(beat, limits.heartbeatMs)
      open.add(own)
      socket.on('message', (data: Buffer, isBinary: boolean) => {
        heard = true
        connection.receive(readCommand(data, isBinary ? 'binary' : 'text'))
      })
      socket.on('pong', () => {
        heard = true
      })
      socket.once('close', (code: number) => {
        clearInterval(heartbeat)
        open.delete(own)
        connection.close()
        if (ending === undefined) metrics.closed(code === SERVICE_RESTART ? 'drain' : 'client')
      })
      outlet.say(connectedMessage(randomUUID().slice(0, 8)))
    },
  }
}
