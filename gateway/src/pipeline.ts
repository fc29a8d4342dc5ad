import type { IncomingMessage, ServerResponse } from 'node:http'
import express, { type Express } from 'express'
import type { Logger } from 'pino'
import type { Authenticate } from './auth/authenticate.ts'
import { refusalText, type Verdict } from './auth/credentials.ts'
import type { EdgeConfig } from './config.ts'
import type { EdgeMetrics } from './metrics.ts'
import type { OpenApi } from './pages/openapi.ts'
import { methodNotAllowed, type Pages } from './pages/pages.ts'
import type { Forward } from './proxy/forward.ts'
import { carriesJson, readBody } from './request/body.ts'
import { createContext, prepareHeaders } from './request/context.ts'
import type { Cors } from './request/cors.ts'
import { jsonSyntaxError } from './request/json-syntax.ts'
import { sendDetail } from './request/reply.ts'
import type { PathMatch, PathTable } from './routing/path-table.ts'
import { parseRequestPath } from './routing/request-path.ts'
import { routeOf } from './routing/routes.ts'

export interface Pipeline {
  readonly config: EdgeConfig
  readonly cors: Cors
  readonly pages: Pages
  readonly table: PathTable
  readonly openApi: OpenApi
  readonly authenticate: Authenticate
  readonly forward: Forward
  readonly metrics: EdgeMetrics
  readonly logger: Logger
}

const protect = (res: ServerResponse): void => {
  res.setHeader('x-content-type-options', 'nosniff')
  res.setHeader('x-frame-options', 'DENY')
  res.setHeader('referrer-policy', 'no-referrer')
  res.setHeader('cache-control', 'no-store')
  res.setHeader('content-security-policy', "default-src 'none'; frame-ancestors 'none'")
}

/** A service that just started may serve paths beyond the contract: its document is waited for before a 404. */
const matchPath = async (pipeline: Pipeline, method: string, path: string): Promise<PathMatch> => {
  const match = pipeline.table.match(method, path)
  const route = match.kind === 'found' ? undefined : routeOf(path)
  if (route === undefined) return match
  await pipeline.openApi.settled(route.service)
  return pipeline.table.match(method, path)
}

/** Broken JSON is told before a missing login, as the contract orders it. */
const refuse = async (
  pipeline: Pipeline,
  req: IncomingMessage,
  res: ServerResponse,
  verdict: Verdict,
): Promise<void> => {
  if (verdict.kind === 'accepted') return
  if (carriesJson(req)) {
    const read = await readBody(req, pipeline.config.bodyLimit)
    if (read.kind === 'aborted') return
    if (read.kind === 'too-large') return tooLarge(pipeline, res)
    if (read.kind === 'read' && brokenJson(res, read.body) === 'answered') return
  }
  res.setHeader('www-authenticate', 'Basic')
  sendDetail(res, 401, refusalText(verdict))
}

const brokenJson = (res: ServerResponse, body: Buffer): 'answered' | 'sound' => {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)
  } catch {
    sendDetail(res, 400, 'There was an error parsing the body')
    return 'answered'
  }
  const error = jsonSyntaxError(text)
  if (error === undefined) return 'sound'
  const item = { type: 'json_invalid', loc: ['body', error.offset], msg: 'JSON decode error', input: {} }
  sendDetail(res, 422, [{ ...item, ctx: { error: error.message } }])
  return 'answered'
}

const tooLarge = (pipeline: Pipeline, res: ServerResponse): void =>
  sendDetail(res, 413, `Request body is larger than ${pipeline.config.bodyLimit} bytes`)

const handle = async (pipeline: Pipeline, req: IncomingMessage, res: ServerResponse): Promise<void> => {
  const context = createContext(req)
  req.colibri = context
  res.setHeader('x-request-id', context.requestId)
  res.setHeader('x-correlation-id', context.correlationId)
  protect(res)
  res.on('close', () => {
    const service = context.route?.service ?? 'edge'
    pipeline.metrics.answered(service, res.statusCode, (performance.now() - context.startedAt) / 1000)
    pipeline.logger.debug(
      { requestId: context.requestId, method: req.method, service, status: res.statusCode },
      'request',
    )
  })
  if (pipeline.cors.apply(req, res) === 'answered') return
  const method = req.method ?? ''
  const target = parseRequestPath(req.url ?? '')
  if (target === undefined) return sendDetail(res, 404, 'Not Found')
  const page = pipeline.pages(req, res, target.path)
  if (page !== undefined) return page

  let match = pipeline.table.match(method, target.path)
  if (match.kind !== 'found') match = await matchPath(pipeline, method, target.path)
  if (match.kind === 'unknown') return sendDetail(res, 404, 'Not Found')
  if (match.kind === 'wrong-method') return methodNotAllowed(res, match.allow)
  context.route = match.route

  const { authorization } = req.headers
  const wait = authorization === undefined ? 0 : pipeline.authenticate.wait(context.address)
  if (wait > 0) {
    res.setHeader('retry-after', String(wait))
    return sendDetail(res, 429, pipeline.authenticate.waitText(wait))
  }
  const verdict = pipeline.authenticate.credentials.checkHeader(authorization, 'any-case')
  pipeline.authenticate.record(context.address, verdict)
  if (verdict.kind !== 'accepted') return refuse(pipeline, req, res, verdict)

  const pending = readBody(req, pipeline.config.bodyLimit)
  const read = pending instanceof Promise ? await pending : pending
  if (read.kind === 'aborted') return
  if (read.kind === 'too-large') return tooLarge(pipeline, res)
  if (read.kind === 'read') {
    context.body = read.body
    req.headers['content-length'] = String(read.body.length)
    delete req.headers['transfer-encoding']
  }
  prepareHeaders(req, context, `user:${verdict.user}`, pipeline.config.edgeToken)
  req.headers.connection = 'keep-alive'
  delete req.headers.upgrade
  req.url = target.forwarded + target.query
  pipeline.forward(req, res, match.route)
}

/** The order of checks: ids, CORS, own pages, path, lockout, broken JSON, login, body, service. */
export const createApp = (pipeline: Pipeline): Express => {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.use((req, res) => handle(pipeline, req, res))
  app.use((error: unknown, req: express.Request, res: express.Response, _next: express.NextFunction) => {
    pipeline.logger.error({ requestId: req.colibri?.requestId, err: error }, 'request failed at the edge')
    if (res.headersSent) res.destroy()
    else sendDetail(res, 500, 'Internal Server Error')
  })
  return app
}
