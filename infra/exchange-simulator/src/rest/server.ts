import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Exchange } from '../engine/exchange.ts'
import { Rejection } from '../engine/rejection.ts'
import type { ArmedFault, Faults } from '../faults.ts'
import type { ListenKeys } from '../listen-keys.ts'
import { keyOf, verifySignature } from './auth.ts'
import type { RequestLog } from './request-log.ts'
import { Params, type Route } from './route.ts'

export interface Request {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly body: string
  readonly headers: IncomingMessage['headers']
}
export interface Reply {
  readonly status: number
  readonly body: unknown
}

export interface ServerParts {
  readonly exchange: Exchange
  readonly faults: Faults
  readonly listenKeys: ListenKeys
  readonly requests: RequestLog
  readonly routes: readonly Route[]
  readonly control: (request: Request) => Reply
  readonly dropUserStreams: (account: string | undefined) => void
}

const bodyLimit = 1_000_000

const changesOrders = ({ operation }: Route): boolean => operation === 'create' || operation === 'cancel'

/** Runs a route for an account that has been checked already (HTTP) or by the same rules (the websocket API). */
export const runRoute = (
  parts: Pick<ServerParts, 'exchange' | 'listenKeys'>,
  route: Route,
  params: Params,
  apiKey: string | undefined,
  signed: string,
): unknown => {
  const call = { exchange: parts.exchange, listenKeys: parts.listenKeys, params }
  if (route.security === 'none') return route.handle(call)
  const key = keyOf(parts.exchange, apiKey)
  if (route.security === 'signed') verifySignature(parts.exchange, key, params, signed)
  if (changesOrders(route) && !key.permissions.trade) {
    throw new Rejection(-2015, 'Invalid API-key, IP, or permissions for action.', 401)
  }
  return route.handle({ ...call, account: key.account, key })
}

export const rejectionReply = (error: unknown): Reply => {
  if (error instanceof Rejection) return { status: error.status, body: { code: error.code, msg: error.message } }
  throw error
}

export const createHttpServer = (parts: ServerParts, report: (error: unknown) => void): Server => {
  const routes = new Map(parts.routes.map((route) => [`${route.method} ${route.path}`, route]))
  const server = createServer((request, response) => {
    readRequest(request)
      .then((read) => answer(parts, routes, read, response))
      .catch((error: unknown) => {
        report(error)
        if (!response.headersSent)
          send(response, 500, { code: -1000, msg: 'An unknown error occurred while processing the request.' })
      })
  })
  // Clients keep connections; closing an idle one under a client's hands would look like a lost order.
  server.keepAliveTimeout = 120_000
  server.on('connection', (socket) => socket.setNoDelay(true))
  return server
}

const readRequest = async (request: IncomingMessage): Promise<Request> => {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    const bytes = chunk as Buffer
    size += bytes.length
    if (size > bodyLimit) throw new Error('request body too large')
    chunks.push(bytes)
  }
  const url = request.url ?? '/'
  const mark = url.indexOf('?')
  return {
    method: request.method ?? 'GET',
    path: mark < 0 ? url : url.slice(0, mark),
    query: mark < 0 ? '' : url.slice(mark + 1),
    body: Buffer.concat(chunks).toString('utf8'),
    headers: request.headers,
  }
}

const answer = async (
  parts: ServerParts,
  routes: ReadonlyMap<string, Route>,
  request: Request,
  response: ServerResponse,
): Promise<void> => {
  if (request.path.startsWith('/control')) {
    const reply = parts.control(request)
    return send(response, reply.status, reply.body)
  }
  const route = routes.get(`${request.method} ${request.path}`)
  if (!route) return send(response, 404, { code: -1000, msg: `No such path: ${request.method} ${request.path}` })
  const params = readParams(request)
  const apiKey = request.headers['x-mbx-apikey']?.toString()
  const account = apiKey === undefined ? undefined : parts.exchange.state.keys.get(apiKey)?.account.id
  const at = performance.timeOrigin + performance.now()
  const market = request.path.startsWith('/fapi') ? 'futures' : 'spot'
  const fault = parts.faults.next({
    on: route.operation,
    market,
    symbol: params.get('symbol'),
    account,
  })
  const { operation, path } = route
  parts.requests.add({ at, market, operation, path, fault: fault?.kind ?? null })
  if (fault && (await beforeHandling(fault, response))) return
  if (fault?.kind === 'drop-websocket') parts.dropUserStreams(account)
  let reply: Reply
  try {
    reply = { status: 200, body: runRoute(parts, route, params, apiKey, signedText(request)) }
  } catch (error) {
    reply = rejectionReply(error)
  }
  if (fault && (await afterHandling(fault, response))) return
  send(response, reply.status, reply.body)
}

/** Faults that keep a request from the exchange. Says whether the request has been dealt with. */
const beforeHandling = async (fault: ArmedFault, response: ServerResponse): Promise<boolean> => {
  switch (fault.kind) {
    case 'delay':
      await sleep(fault.delayMs)
      return false
    case 'reject':
      send(response, 400, { code: fault.code, msg: fault.message })
      return true
    case '500':
      send(response, 500, { code: -1000, msg: 'An unknown error occurred while processing the request.' })
      return true
    case '429':
    case '418':
      if (fault.retryAfter !== null) response.setHeader('retry-after', fault.retryAfter)
      send(response, Number(fault.kind), {
        code: -1003,
        msg: 'Too much request weight used; please use WebSocket Streams for live updates to avoid polling the API.',
      })
      return true
    case 'drop-connection':
      response.destroy()
      return true
    default:
      return false
  }
}

/** Faults that lose or spoil the answer to a request the exchange has dealt with. */
const afterHandling = async (fault: ArmedFault, response: ServerResponse): Promise<boolean> => {
  switch (fault.kind) {
    case 'accept-then-timeout':
      // Without a delay the client is left waiting until it gives up.
      if (fault.delayMs === 0) return true
      await sleep(fault.delayMs)
      response.destroy()
      return true
    case '500-after-accept':
      send(response, 500, { code: -1000, msg: 'An unknown error occurred while processing the request.' })
      return true
    case 'garbage':
      response.writeHead(200, { 'content-type': 'text/html' })
      response.end('<html><body>Bad gate')
      return true
    default:
      return false
  }
}

const readParams = (request: Request): Params => {
  const values = new Map<string, string>()
  for (const text of [request.query, request.body])
    for (const [name, value] of new URLSearchParams(text)) values.set(name, value)
  return new Params(values)
}

/** What the client signed: query and body as they came, without the signature itself. */
const signedText = (request: Request): string => withoutSignature(request.query) + withoutSignature(request.body)
const withoutSignature = (text: string): string =>
  text
    .split('&')
    .filter((part) => !part.startsWith('signature='))
    .join('&')

const send = (response: ServerResponse, status: number, body: unknown): void => {
  const text = JSON.stringify(body)
  response.writeHead(status, {
    'content-type': 'application/json;charset=UTF-8',
    'content-length': Buffer.byteLength(text),
  })
  response.end(text)
}
