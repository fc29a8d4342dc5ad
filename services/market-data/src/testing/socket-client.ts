import { once } from 'node:events'
import { WebSocket } from 'ws'

export type Message = Readonly<Record<string, unknown>> & { readonly type: string }

export interface SocketClient {
  readonly socket: WebSocket
  /** Everything heard so far. */
  readonly heard: readonly Message[]
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
  say(message: unknown): void
  /** The first message from the `from`th on that passes; the test's own timeout ends a wait for nothing. */
  hear(passes: (message: Message) => boolean, from?: number): Promise<Message>
  /** Says something and takes the next message for its answer, as the contract's client does. */
  ask(message: unknown): Promise<Message>
  leave(): Promise<void>
}

/** A websocket client that remembers what it hears. */
export const socketClient = async (
  url: string,
  headers: Readonly<Record<string, string>> = {},
  options: { readonly autoPong?: boolean } = {},
): Promise<SocketClient> => {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), { headers, ...options })
  const heard: Message[] = []
  const listeners = new Set<() => void>()
  socket.on('message', (data: Buffer) => {
    heard.push(JSON.parse(data.toString()))
    for (const listener of listeners) listener()
  })
  socket.on('error', () => undefined)
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.once('close', (code: number, reason: Buffer) => resolve({ code, reason: reason.toString() }))
  })
  const hear = (passes: (message: Message) => boolean, from = 0): Promise<Message> =>
    new Promise((resolve) => {
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
    })
  const say = (message: unknown): void => socket.send(typeof message === 'string' ? message : JSON.stringify(message))
  await Promise.race([once(socket, 'open'), closed.then(() => Promise.reject(new Error('the socket was refused')))])
  return {
    socket,
    heard,
    closed,
    say,
    hear,
    ask: (message) => {
      const from = heard.length
      say(message)
      return hear(() => true, from)
    },
    leave: async () => {
      socket.close()
      await closed
    },
  }
}
