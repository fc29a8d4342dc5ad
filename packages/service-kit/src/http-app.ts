import type { Server } from 'node:http'
import type { INestApplication, Provider, Type } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import type { MicroserviceOptions } from '@nestjs/microservices'
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express'
import type { NextFunction, Request, Response } from 'express'
import type { Logger } from 'pino'
import type { Registry } from 'prom-client'
import { unavailable } from './api-error.ts'
import { contextOf, runInContext } from './context.ts'
import type { Drain } from './drain.ts'
import { requireEdgeToken } from './edge-token.ts'
import { ErrorFilter, sendError, wrongRoute } from './exception-filter.ts'
import type { Health } from './health.ts'
import { nestLogger } from './logger.ts'
import { measureHttp } from './metrics.ts'
import { readBody } from './request-body.ts'
import { routeTemplate } from './routes.ts'
import type { RpcServer } from './rpc-server.ts'

export interface HttpAppOptions {
  readonly service: string
  readonly controllers: readonly Type<unknown>[]
  readonly providers: readonly Provider[]
  readonly logger: Logger
  readonly metrics: Registry
  readonly drain: Drain
  readonly edgeToken: string
  readonly rpc: RpcServer
  readonly health: () => Promise<Health>
  readonly phase: () => 'starting' | 'running' | 'draining'
}

class ServiceModule {}

/** The Nest hybrid application: routes of every service, the service's own controllers, and its RPC handlers. Not listening yet. */
export const createHttpApp = async (options: HttpAppOptions): Promise<NestExpressApplication> => {
  const { logger, controllers, providers } = options
  const root = { module: ServiceModule, controllers: [...controllers], providers: [...providers] }
  const app = await NestFactory.create<NestExpressApplication>(root, new ExpressAdapter(), {
    logger: nestLogger(logger),
    bodyParser: false,
    abortOnError: false,
  })
  app.set('x-powered-by', false)
  app.set('etag', false)
  app.use(inContext, measureHttp(options.metrics), options.drain.count, logRequest(logger))
  openRoutes(app, options)
  app.use(requireEdgeToken(options.edgeToken), whileRunning(options.phase), refuseProbingMethods, readBody)
  app.useGlobalFilters(new ErrorFilter(logger))
  app.connectMicroservice<MicroserviceOptions>({ strategy: options.rpc }, { inheritAppConfig: true })
  await app.init()
  const server: Server = app.getHttpServer()
  // Longer than the edge keeps an idle connection, so that it is the edge who closes and no request meets a closed socket.
  server.keepAliveTimeout = 75_000
  server.headersTimeout = 80_000
  return app
}

const inContext = (request: Request, _response: Response, next: NextFunction): void =>
  runInContext(
    contextOf((name) => request.get(name), 'client:unknown'),
    () => next(),
  )

const logRequest = (logger: Logger) => (request: Request, response: Response, next: NextFunction) => {
  const began = performance.now()
  response.once('close', () => {
    const ms = Math.round((performance.now() - began) * 10) / 10
    const fields = { method: request.method, route: routeTemplate(request), status: response.statusCode, ms }
    if (response.statusCode >= 500) logger.warn(fields, 'request')
    else logger.debug(fields, 'request')
  })
  next()
}

/** For supervisors and Prometheus, which have no edge token. They show no data of users. */
const openRoutes = (app: INestApplication & NestExpressApplication, options: HttpAppOptions): void => {
  const http = app.getHttpAdapter()
  http.get('/health/live', (_request: Request, response: Response) => {
    response.json({ status: 'live' })
  })
  http.get('/health/ready', async (_request: Request, response: Response) => {
    const health = await options.health()
    response.status(health.status === 'ready' ? 200 : 503).json(health)
  })
  http.get('/metrics', async (_request: Request, response: Response) => {
    response.type(options.metrics.contentType).send(await options.metrics.metrics())
  })
  http.get('/openapi.json', async (_request: Request, response: Response) => {
    const { openApi } = await import('./openapi.ts')
    response.json(openApi(app, options.service, options.controllers))
  })
}

/** Until recovery is done nothing is answered from half-recovered state. Requests that reach a draining replica still get their reply. */
const whileRunning =
  (phase: HttpAppOptions['phase']) => (_request: Request, response: Response, next: NextFunction) => {
    if (phase() === 'starting') sendError(response, unavailable('Service is starting'))
    else next()
  }

/** Express would answer HEAD and OPTIONS by itself; the contract has no such route. */
const refuseProbingMethods = (request: Request, response: Response, next: NextFunction): void => {
  if (request.method === 'HEAD' || request.method === 'OPTIONS') sendError(response, wrongRoute(request))
  else next()
}
