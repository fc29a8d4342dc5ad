import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common'
import { Catch, NotFoundException } from '@nestjs/common'
import type { Request, Response } from 'express'
import type { Logger } from 'pino'
import { type Observable, of } from 'rxjs'
import { ApiError } from './api-error.ts'
import { errorReply, rpcErrorReply } from './error-reply.ts'
import { allowedMethods } from './routes.ts'

/** Every error that leaves a handler, over HTTP `{"detail": …}`, over NATS `{error: {kind, message}}`. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): Observable<unknown> | undefined {
    if (host.getType() !== 'http') {
      this.#log(error, { rpc: 'failed' })
      return of({ error: rpcErrorReply(error) })
    }
    const request = host.switchToHttp().getRequest<Request>()
    const response = host.switchToHttp().getResponse<Response>()
    const shown = unroutable(error) ? wrongRoute(request) : error
    this.#log(shown, { method: request.method, path: request.path })
    sendError(response, shown)
    return undefined
  }

  #log(error: unknown, fields: object): void {
    const { unexpected, status } = errorReply(error)
    if (unexpected === 'log') this.logger.error({ err: error, status, ...fields }, 'request failed')
  }
}

/** Writes the contract's error body, unless the reply has begun: then the connection is cut, a half reply is no reply. */
export const sendError = (response: Response, error: unknown): void => {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const { status, detail, headers } = errorReply(error)
  response.status(status).set(headers).json({ detail })
}

/** Nest throws this itself when no route matches; handlers throw `ApiError`. */
const unroutable = (error: unknown): boolean => error instanceof NotFoundException

/** 405 when the path exists under other methods, 404 otherwise. */
export const wrongRoute = (request: Request): ApiError => {
  const methods = allowedMethods(request)
  return methods.length === 0
    ? new ApiError(404, 'Not Found')
    : new ApiError(405, 'Method Not Allowed', { Allow: methods.join(', ') })
}
