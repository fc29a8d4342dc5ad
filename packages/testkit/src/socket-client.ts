import { WebSocket } from 'ws'

export type SocketMessage = Readonly<Record<string, unknown>> & { readonly type: string }

export interface SocketClient {
  readonly socket: WebSocket
  /** Everything heard so far. */
  readonly heard: readonly SocketMessage[]
  /** Rejects when the socket closes before it was open. */
  readonly opened: Promise<void>
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
  /** An object is sent as JSON, a text as it is; what is said before the socket is open waits for that. */
  say(message: object | string): void
  /** The first message from the `from`th on that passes; rejects when the socket closes before it. */
  hear(passes: (message: SocketMessage) => boolean, from?: number): Promise<SocketMessage>
  /** Says something and takes the next message for its answer, as the contract's client does. */
  ask(message: object | string): Promise<SocketMessage>
  leave(): Promise<void>
}

export interface SocketOptions {
  /** The login of a fresh Colibri when absent. */
  readonly headers?: Readonly<Record<string, string>>
  /** False for a client that answers no ping. */
  readonly autoPong?: boolean
}

/** The login of a Colibri that was given none. */
export const basicAuth = { authorization: `Basic ${Buffer.from('admin:admin').toString('base64')}` }

/** A websocket client that remembers what it hears; `url` may be that of an HTTP server. */
export const socketClient = (
  url: string,
  { headers = basicAuth, autoPong = true }: SocketOptions = {},
): SocketClient => {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), { headers, autoPong })
  const heard: SocketMessage[] = []
  const listeners = new Set<() => void>()
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.once('close', (code: number, reason: Buffer) => resolve({ code, reason: reason.toString() }))
  })
  /** For whoever waits for something that a closed socket cannot bring. */
  const lost = closed.then(({ code, reason }) => Promise.reject(new Error(`the socket closed: ${code} ${reason}`)))
  lost.catch(() => undefined)
  const opened = Promise.race([new Promise<void>((resolve) => socket.once('open', () => resolve())), lost])
  opened.catch(() => undefined)
  socket.on('message', (data: Buffer) => {
    heard.push(JSON.parse(data.toString()))
    for (const listener of [...listeners]) listener()
  })
  socket.on('error', () => undefined)

  const hear = (passes: (message: SocketMessage) => boolean, from = 0): Promise<SocketMessage> => {
    const found = new Promise<SocketMessage>((resolve) => {
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
    const heardOrLost = Promise.race([found, lost])
    heardOrLost.catch(() => undefined)
    return heardOrLost
  }
  const say = (message: object | string): void => {
    const text = typeof message === 'string' ? message : JSON.stringify(message)
    if (socket.readyState === WebSocket.OPEN) socket.send(text)
    else
      opened.then(
        () => socket.send(text),
        () => undefined,
      )
  }
  return {
    socket,
    heard,
    opened,
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

/** The same, open; rejects when the socket is refused. */
export const openSocket = async (url: string, options?: SocketOptions): Promise<SocketClient> => {
  const client = socketClient(url, options)
  await client.opened
  return client
}
