import { createServer } from 'node:http'
import { type WebSocket, WebSocketServer } from 'ws'
import type { ReplayFrame, ReplayVenue } from './replay.ts'

export interface ReplayServer {
  readonly restUrl: string
  readonly socketUrl: string
  /** Connections that stand, and how many have been made at all. */
  readonly connections: { readonly open: number; readonly made: number }
  /** Bytes sent that the slowest client has not taken yet. */
  readonly bufferedBytes: number
  /** Paths asked for by REST. */
  readonly requests: readonly string[]
  /** Whether some client has subscribed to a topic. */
  wanted(topic: string): boolean
  /** Sends a text, by default the frame's own, to those who subscribed to the frame's topic. */
  send(frame: ReplayFrame, text?: string): void
  drop(): void
  close(): Promise<void>
}

/** Serves a captured venue on loopback: REST pages and a websocket. */
export const startReplay = async (venue: ReplayVenue): Promise<ReplayServer> => {
  const topics = new Map<WebSocket, Set<string>>()
  const requests: string[] = []
  let made = 0
  let socketUrl = ''

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://venue')
    requests.push(url.pathname)
    const body = venue.page(url, socketUrl)
    request.resume()
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' })
    response.end(body ?? '{}')
  })
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket) => {
    made += 1
    const mine = new Set<string>()
    topics.set(socket, mine)
    socket.on('error', () => socket.terminate())
    socket.on('close', () => topics.delete(socket))
    if (venue.greeting !== undefined) socket.send(venue.greeting)
    socket.on('message', (data) => {
      const { replies, subscribe = [], unsubscribe = [] } = venue.answer(String(data))
      for (const topic of subscribe) mine.add(topic)
      for (const topic of unsubscribe) mine.delete(topic)
      for (const reply of replies) socket.send(reply)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the replayed venue has no port')
  const { port } = address
  socketUrl = `ws://127.0.0.1:${port}${venue.socketPath ?? ''}`

  return {
    restUrl: `http://127.0.0.1:${port}`,
    socketUrl,
    get connections() {
      return { open: topics.size, made }
    },
    get bufferedBytes() {
      return Math.max(0, ...[...topics.keys()].map(({ bufferedAmount }) => bufferedAmount))
    },
    requests,
    wanted: (topic) => [...topics.values()].some((mine) => mine.has(topic)),
    send(frame, text = frame.text) {
      for (const [socket, mine] of topics) if (mine.has(frame.topic)) socket.send(text)
    },
    drop() {
      for (const socket of topics.keys()) socket.terminate()
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of topics.keys()) socket.terminate()
        sockets.close()
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
