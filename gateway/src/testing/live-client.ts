import { once } from 'node:events'
import { WebSocket } from 'ws'
import { basic } from './http.ts'

export type Message = Readonly<Record<string, unknown>> & { readonly type: string }

export interface LiveClient {
  readonly socket: WebSocket
  readonly heard: readonly Message[]
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
  say(message: object | string): void
  /** The first message from the `from`th on that passes; rejects when the socket closes before it comes. */
  hear(passes: (message: Message) => boolean, from?: number): Promise<Message>
}

/** A client of the live socket at the edge that remembers what it hears. */
export const liveClient = async (edgeUrl: string, path = '/ws/market-data'): Promise<LiveClient> => {
  const headers = { authorization: basic('admin:admin') }
  const socket = new WebSocket(edgeUrl.replace(/^http/, 'ws') + path, { headers })
  const heard: Message[] = []
  const listeners = new Set<() => void>()
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.once('close', (code: number, reason: Buffer) => resolve({ code, reason: reason.toString() }))
  })
  socket.on('message', (data: Buffer) => {
    heard.push(JSON.parse(data.toString()))
    for (const listener of [...listeners]) listener()
  })
  await once(socket, 'open')
  socket.on('error', () => undefined)
  return {
    socket,
    heard,
    closed,
    say: (message) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    hear: (passes, from = 0) =>
      new Promise((resolve, reject) => {
        let at = from
        const look = (): void => {
          for (; at < heard.length; at++) {
            const message = heard[at]
            if (message === undefined || !passes(message)) continue
            listeners.delete(look)
            resolve(message)
            return
          }
        }
        listeners.add(look)
        look()
        closed.then(({ code, reason }) => reject(new Error(`the socket closed: ${code} ${reason}`)), reject)
      }),
  }
}
