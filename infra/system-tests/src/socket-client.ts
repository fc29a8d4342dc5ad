import { WebSocket } from 'ws'

export type Message = Readonly<Record<string, unknown>> & { readonly type: string }

export interface SocketClient {
  readonly socket: WebSocket
  /** Everything heard so far. */
  readonly heard: readonly Message[]
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
  say(message: unknown): void
  /** The first message from the `from`th on that passes; rejects when the socket closes before it. */
  hear(passes: (message: Message) => boolean, from?: number): Promise<Message>
  /** Says something and takes the next message for its answer, as the contract's client does. */
  ask(message: unknown): Promise<Message>
  leave(): Promise<void>
}

export const basicAuth = { authorization: `Basic ${Buffer.from('admin:admin').toString('base64')}` }

/** A websocket client that remembers what it hears. */
export const socketClient = (url: string, headers: Readonly<Record<string, string>> = basicAuth): SocketClient => {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), { headers })
  const heard: Message[] = []
  const listeners = new Set<() => void>()
  const opened = new Promise<void>((resolve) => socket.once('open', () => resolve()))
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.once('close', (code: number, reason: Buffer) => resolve({ code, reason: reason.toString() }))
  })
  socket.on('message', (data: Buffer) => {
    heard.push(JSON.parse(data.toString()))
    for (const listener of listeners) listener()
  })
  socket.on('error', () => undefined)
  const hear = (passes: (message: Message) => boolean, from = 0): Promise<Message> =>
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
      closed.then(({ code, reason }) => reject(new Error(`the socket closed: ${code} ${reason}`)))
    })
  const say = (message: unknown): void => {
    const text = typeof message === 'string' ? message : JSON.stringify(message)
    if (socket.readyState === WebSocket.OPEN) socket.send(text)
    else opened.then(() => socket.send(text))
  }
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
