import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Route } from '../routing/routes.ts'

/** What the edge knows about a request, from the first byte to the reply. */
export interface RequestContext {
  readonly requestId: string
  readonly correlationId: string
  readonly startedAt: number
  /** Remote address, as the lockout counts it. */
  readonly address: string
  route: Route | undefined
  /** Whole request body; undefined where there is none. */
  body: Buffer | undefined
}

declare module 'node:http' {
  interface IncomingMessage {
    colibri?: RequestContext
  }
}

/** The context of a request that passed `identify`. */
export const contextOf = (req: IncomingMessage): RequestContext => {
  if (req.colibri === undefined) throw new Error('request without context')
  return req.colibri
}

const sane = /^[\w.:@/+=-]{1,128}$/

const given = (value: string | string[] | undefined): string | undefined =>
  typeof value === 'string' && sane.test(value) ? value : undefined

/** Ids a client sent are kept when they are short and printable; the others are replaced. */
export const createContext = (req: IncomingMessage): RequestContext => {
  const requestId = given(req.headers['x-request-id']) ?? uuidv7(Date.now())
  return {
    requestId,
    correlationId: given(req.headers['x-correlation-id']) ?? requestId,
    startedAt: performance.now(),
    address: req.socket.remoteAddress ?? '',
    route: undefined,
    body: undefined,
  }
}

/** RFC 9562 version 7: milliseconds first, so that ids sort by time. The random part is a version 4's. */
export const uuidv7 = (time: number): string => {
  const hex = time.toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7${randomUUID().slice(15)}`
}

/**
 * Headers for the service: nobody outside may speak as the edge, and credentials end here. Connection headers belong to
 * one hop; `expect` was answered by the edge.
 */
export const prepareHeaders = (req: IncomingMessage, context: RequestContext, actor: string, token: string): void => {
  const { headers } = req
  for (const name in headers) if (name.startsWith('x-colibri-')) delete headers[name]
  for (const name of [
    'authorization',
    'proxy-authorization',
    'proxy-connection',
    'keep-alive',
    'te',
    'trailer',
    'expect',
  ]) {
    delete headers[name]
  }
  Object.assign(headers, edgeHeaders(context, actor, token))
}

/** An IPv4 client of a socket that listens on both families, as IPv4. */
const plainAddress = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '')

/** What the edge tells a service of a request. */
export const edgeHeaders = (
  context: RequestContext,
  actor: string,
  token: string,
): Readonly<Record<string, string>> => ({
  'x-request-id': context.requestId,
  'x-correlation-id': context.correlationId,
  'x-colibri-actor': actor,
  'x-colibri-address': plainAddress(context.address),
  'x-colibri-edge-token': token,
})
