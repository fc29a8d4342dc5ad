import { WebSocket } from 'ws'
import type { Replica } from '../../replicas/replicas.ts'

/** What the edge says to a replica of a client's request. */
export interface Call {
  /** With its query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
}

const HANDSHAKE_MS = 2_000

/** Opens a websocket to a replica; it is paused, so that no message of it is missed. Rejects when it cannot be had. */
export const dial = (replica: Replica, { path, headers }: Call): Promise<WebSocket> =>
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
