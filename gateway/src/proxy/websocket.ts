import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Logger } from 'pino'
import type { Authenticate } from '../auth/authenticate.ts'
import type { Verdict } from '../auth/credentials.ts'
import type { Replicas } from '../replicas/replicas.ts'
import { createContext, edgeHeaders, prepareHeaders } from '../request/context.ts'
import type { Cors } from '../request/cors.ts'
import { unavailableText } from '../request/reply.ts'
import { parseRequestPath } from '../routing/request-path.ts'
import { sockets } from '../routing/routes.ts'
import type { Forward } from './forward.ts'
import { acceptAndClose, refuseUpgrade } from './handshake.ts'
import type { HeldSockets } from './held/held-sockets.ts'

export interface SocketDeps {
  readonly authenticate: Authenticate
  readonly cors: Cors
  readonly replicas: Replicas
  readonly forward: Forward
  readonly held: HeldSockets
  readonly edgeToken: string
  readonly logger: Logger
}

const keyPattern = /^[A-Za-z0-9+/]{22}==$/
const credentialParameters = ['token', 'username', 'password']

/** Browsers name the page that opens a socket; a page of another origin must not use the credentials a browser kept. */
const foreignOrigin = (req: IncomingMessage, cors: Cors): boolean => {
  const { origin, host } = req.headers
  if (origin === undefined || cors.allows(origin)) return false
  return !URL.canParse(origin) || new URL(origin).host !== host
}

/** Header first (any other scheme is skipped), then `token`, then `username` and `password` of the query. */
const verdictOf = (req: IncomingMessage, query: URLSearchParams, { credentials }: Authenticate): Verdict => {
  const fromHeader = credentials.checkHeader(req.headers.authorization, 'exact')
  if (fromHeader.kind !== 'missing') return fromHeader
  const token = query.get('token')
  if (token !== null && token !== '') return credentials.checkToken(token)
  const user = query.get('username')
  const password = query.get('password')
  if (user !== null && password !== null) return credentials.check(user, password)
  return { kind: 'missing' }
}

/** Takes a websocket handshake to the service of its path, if its credentials are right. */
export const createUpgrade =
  (deps: SocketDeps) =>
  (req: IncomingMessage, socket: Socket, head: Buffer): void => {
    socket.on('error', (error) => deps.logger.debug({ err: error }, 'socket of a client broke off'))
    const context = createContext(req)
    req.colibri = context
    const target = parseRequestPath(req.url ?? '')
    const known = target === undefined ? undefined : sockets[target.path]
    if (target === undefined || known === undefined || foreignOrigin(req, deps.cors)) {
      refuseUpgrade(socket, 403, 'Forbidden')
      return
    }
    const key = req.headers['sec-websocket-key']
    if (typeof key !== 'string' || !keyPattern.test(key) || req.headers['sec-websocket-version'] !== '13') {
      refuseUpgrade(socket, 400, 'Not a websocket handshake of version 13', { 'sec-websocket-version': '13' })
      return
    }
    const wait = deps.authenticate.wait(context.address)
    if (wait > 0) {
      refuseUpgrade(socket, 429, deps.authenticate.waitText(wait), { 'retry-after': String(wait) })
      return
    }
    const query = new URLSearchParams(target.query)
    const verdict = verdictOf(req, query, deps.authenticate)
    deps.authenticate.record(context.address, verdict)
    if (verdict.kind !== 'accepted') {
      const message = 'Authentication failed'
      acceptAndClose(socket, key, { type: 'error', message }, 4001, message)
      return
    }
    for (const name of credentialParameters) query.delete(name)
    const rest = query.toString()
    const path = rest === '' ? known.path : `${known.path}?${rest}`
    const actor = `user:${verdict.user}`
    if (known.way === 'held') {
      deps.held.open(req, socket, head, known.service, { path, headers: edgeHeaders(context, actor, deps.edgeToken) })
      return
    }
    const replica = deps.replicas.choose(known.service)
    if (replica === undefined) {
      refuseUpgrade(socket, 503, unavailableText(known.service), { 'retry-after': '1' })
      return
    }
    req.url = path
    prepareHeaders(req, context, actor, deps.edgeToken)
    deps.forward.upgrade(req, socket, head, replica)
  }
