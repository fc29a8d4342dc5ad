import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocket, WebSocketServer } from 'ws'
import type { Exchange } from '../engine/exchange.ts'
import type { Market } from '../engine/instruments.ts'
import type { Faults } from '../faults.ts'
import type { ListenKeys } from '../listen-keys.ts'
import type { Route } from '../rest/route.ts'
import type { BookFeed } from './book-feed.ts'
import { marketStreams } from './market-streams.ts'
import type { StreamMessage } from './messages.ts'
import { type UserMessages, userMessages } from './user-data.ts'
import { deliverer } from './user-delivery.ts'
import { answerApi } from './ws-api.ts'

export interface StreamParts {
  readonly exchange: () => Exchange
  readonly books: () => BookFeed
  readonly faults: Faults
  readonly listenKeys: ListenKeys
  readonly routes: readonly Route[]
  readonly report: (error: unknown) => void
}

export interface Connection {
  readonly socket: WebSocket
  readonly market: Market
  /** A combined stream wraps each message in `{stream, data}`. */
  readonly shape: 'raw' | 'combined'
  readonly streams: Set<string>
  /** User-data subscriptions: by listen key, or by the websocket API with its subscription id. */
  readonly users: {
    readonly account: string
    readonly market: Market
    readonly subscriptionId: number | null
    readonly listenKey: string | null
  }[]
}

export interface Streams {
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
  /** Lets time pass: matches, then tells. */
  readonly tick: () => void
  readonly dropUserStreams: (account: string | undefined) => void
  readonly dropAll: () => void
  /** Public streams by connection: who listens to what. */
  readonly list: () => readonly { readonly market: Market; readonly streams: readonly string[] }[]
  /** After a reset: every connection goes, the new exchange is listened to. */
  readonly restart: () => void
}

interface Target {
  readonly kind: 'stream' | 'api'
  readonly market: Market
  readonly shape: Connection['shape']
  readonly names: readonly string[]
}

const target = (url: string): Target | undefined => {
  const { pathname, searchParams } = new URL(url, 'ws://localhost')
  if (pathname.startsWith('/ws-api/')) return { kind: 'api', market: 'spot', shape: 'raw', names: [] }
  if (pathname.startsWith('/ws-fapi/')) return { kind: 'api', market: 'futures', shape: 'raw', names: [] }
  const market = pathname.startsWith('/fapi-ws') ? 'futures' : 'spot'
  const listed = searchParams.get('streams')
  if (listed !== null) return { kind: 'stream', market, shape: 'combined', names: listed.split('/') }
  const raw = /\/ws(?:\/(.*))?$/.exec(pathname)
  const listenKey = searchParams.get('listenKey')
  if (raw)
    return {
      kind: 'stream',
      market,
      shape: 'raw',
      names: [...(raw[1] ?? '').split('/'), ...(listenKey === null ? [] : [listenKey])].filter((name) => name !== ''),
    }
  return /\/stream\/?$/.test(pathname) ? { kind: 'stream', market, shape: 'combined', names: [] } : undefined
}

export const attachStreams = (parts: StreamParts): Streams => {
  const server = new WebSocketServer({ noServer: true })
  const connections = new Set<Connection>()
  const wanted: Record<Market, Set<string>> = { spot: new Set(), futures: new Set() }

  const recount = (): void => {
    wanted.spot.clear()
    wanted.futures.clear()
    for (const { market, streams } of connections) for (const stream of streams) wanted[market].add(stream)
  }
  const send = (connection: Connection, message: unknown): void => {
    if (connection.socket.readyState === WebSocket.OPEN) connection.socket.send(JSON.stringify(message))
  }
  const publish = (market: Market, stream: string, message: StreamMessage | readonly StreamMessage[]): void => {
    for (const connection of connections) {
      if (connection.market !== market || !connection.streams.has(stream)) continue
      send(connection, connection.shape === 'combined' ? { stream, data: message } : message)
    }
  }
  const dropUserStreams = (account: string | undefined): void => {
    for (const { socket, users } of connections) {
      if (users.some((user) => account === undefined || user.account === account)) socket.terminate()
    }
  }
  const tellUser = ({ account, market, messages }: UserMessages): void => {
    for (const connection of connections) {
      for (const user of connection.users) {
        if (user.account !== account || user.market !== market) continue
        for (const message of messages) {
          if (user.subscriptionId !== null) send(connection, { subscriptionId: user.subscriptionId, event: message })
          else if (connection.shape === 'combined') send(connection, { stream: user.listenKey, data: message })
          else send(connection, message)
        }
      }
    }
  }

  let publishMarket = (): void => {}
  const listen = (): void => {
    const exchange = parts.exchange()
    publishMarket = marketStreams({ exchange, books: parts.books(), wanted: (market) => wanted[market], publish })
    const deliver = deliverer({ exchange, faults: parts.faults, tell: tellUser, dropUserStreams })
    exchange.onEvent((event) => {
      const messages = userMessages(exchange, event)
      if (messages) deliver(messages)
    })
  }
  listen()

  const subscribe = (connection: Connection, names: readonly string[]): void => {
    for (const name of names) {
      const user = parts.listenKeys.find(name, parts.exchange().clock.wall())
      if (user)
        connection.users.push({
          account: user.account,
          market: connection.market,
          subscriptionId: null,
          listenKey: name,
        })
      // ccxt numbers its connections in the path: `/ws/0` is no stream.
      else if (name.includes('@') || name.startsWith('!')) connection.streams.add(name)
    }
    recount()
  }

  const answerStream = (connection: Connection, text: string): void => {
    const request = readMessage(text)
    if (!request) {
      send(connection, { error: { code: 3, msg: 'Invalid JSON: expected value at line 1 column 1' } })
      return
    }
    const { id, method } = request
    const names = Array.isArray(request['params']) ? request['params'].filter((name) => typeof name === 'string') : []
    switch (method) {
      case 'SUBSCRIBE':
        // First the reply, then the data.
        send(connection, { result: null, id })
        subscribe(connection, names)
        return
      case 'UNSUBSCRIBE':
        for (const name of names) connection.streams.delete(name)
        recount()
        send(connection, { result: null, id })
        return
      case 'LIST_SUBSCRIPTIONS':
        send(connection, { result: [...connection.streams], id })
        return
      default:
        send(connection, { id, error: { code: 2, msg: `Invalid request: unknown variant '${String(method)}'` } })
        return
    }
  }

  const open = (socket: WebSocket, { kind, market, shape, names }: Target): void => {
    const connection: Connection = { socket, market, shape, streams: new Set(), users: [] }
    connections.add(connection)
    socket.on('close', () => {
      connections.delete(connection)
      recount()
    })
    socket.on('error', () => socket.terminate())
    subscribe(connection, names)
    socket.on('message', (data) => {
      const text = data.toString()
      try {
        if (kind === 'stream') answerStream(connection, text)
        else
          answerApi({
            ...parts,
            exchange: parts.exchange(),
            connection,
            send: (message) => send(connection, message),
            request: readMessage(text),
          })
      } catch (error) {
        parts.report(error)
        socket.terminate()
      }
    })
  }

  return {
    upgrade: (request, socket, head) => {
      const wantedTarget = target(request.url ?? '/')
      if (!wantedTarget) {
        socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n')
        return
      }
      server.handleUpgrade(request, socket, head, (opened) => open(opened, wantedTarget))
    },
    tick: () => {
      parts.exchange().playAll()
      publishMarket()
    },
    dropUserStreams,
    list: () => [...connections].map(({ market, streams }) => ({ market, streams: [...streams].sort() })),
    dropAll: () => {
      for (const { socket } of connections) socket.terminate()
    },
    restart: () => {
      for (const { socket } of connections) socket.terminate()
      listen()
    },
  }
}

export type WsRequest = Readonly<Record<string, unknown>>

const readMessage = (text: string): WsRequest | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}
