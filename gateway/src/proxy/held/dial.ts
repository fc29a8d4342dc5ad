import pLimit, { type LimitFunction } from 'p-limit'
import { WebSocket } from 'ws'
import type { Replica } from '../../replicas/replicas.ts'

/** What the edge says to a replica of a client's request. */
export interface Call {
  /** With its query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
}

/**
 * A websocket to a replica; it is paused, so that no message of it is missed. Undefined when the replica did not take it,
 * or one before it in the line, or when it is its turn and it is not `wanted` any more.
 */
export type Dial = (replica: Replica, call: Call, wanted: () => boolean) => Promise<WebSocket | undefined>

/** Longer than a replica that has died, or hangs, is known for: what takes this long is slow. */
const HANDSHAKE_MS = 4_000
/** Handshakes under way with one replica. All the clients of a dead one come at once: asked for together, all would be late. */
const AT_ONCE = 16

/** Calls replicas, each a few at a time. `failed` hears of a replica that did not take a socket. */
export const createDial = (failed: (replica: Replica, error: unknown) => void): Dial => {
  const lines = new WeakMap<Replica, LimitFunction>()
  const lineTo = (replica: Replica): LimitFunction => {
    const line = lines.get(replica) ?? pLimit({ concurrency: AT_ONCE, rejectOnClear: true })
    lines.set(replica, line)
    return line
  }

  return async (replica, call, wanted) => {
    const line = lineTo(replica)
    const inTurn = async (): Promise<WebSocket | undefined> => {
      if (!wanted()) return undefined
      try {
        return await handshake(replica, call)
      } catch (error) {
        // Who waits behind it does better elsewhere.
        line.clearQueue()
        failed(replica, error)
        return undefined
      }
    }
    return line(inTurn).catch(() => undefined)
  }
}

const handshake = (replica: Replica, { path, headers }: Call): Promise<WebSocket> =>
  new Promise((resolve, reject) => {
    const url = new URL(path, replica.url)
    url.protocol = replica.url.protocol === 'https:' ? 'wss:' : 'ws:'
    const socket = new WebSocket(url, {
      headers,
      perMessageDeflate: false,
      handshakeTimeout: HANDSHAKE_MS,
      // The client answers: the service means to know whether the client is there.
      autoPong: false,
    })
    // After the handshake the close that follows an error says all there is to know.
    socket.on('error', reject)
    socket.once('open', () => {
      socket.pause()
      resolve(socket)
    })
  })
