import { AsyncResource } from 'node:async_hooks'
import type { NextFunction, Request, Response } from 'express'
import { ApiError } from './api-error.ts'

const limit = 1024 * 1024
const bodies = new WeakMap<Request, Buffer>()

const tooLarge = (): ApiError => new ApiError(413, 'Request body too large, the limit is 1 MB', { Connection: 'close' })

/** Bytes of the request's body, empty when there was none. */
export const bodyOf = (request: Request): Buffer => bodies.get(request) ?? Buffer.alloc(0)

/**
 * Reads the whole body before the handler is asked for. Parsing waits for the handler's schema, as the reply to a broken
 * body depends on it.
 */
export const readBody = (request: Request, _response: Response, next: NextFunction): void => {
  if (Number(request.headers['content-length'] ?? 0) > limit) {
    next(tooLarge())
    return
  }
  const chunks: Buffer[] = []
  let size = 0
  // The socket's events run outside the request's context; what follows belongs inside.
  const goOn = AsyncResource.bind(next)
  const settle = (error?: unknown): void => {
    request.off('data', onData).off('end', onEnd).off('error', onError)
    goOn(error)
  }
  const onData = (chunk: Buffer): void => {
    size += chunk.length
    if (size <= limit) chunks.push(chunk)
    else {
      request.pause()
      settle(tooLarge())
    }
  }
  const onEnd = (): void => {
    bodies.set(request, Buffer.concat(chunks))
    settle()
  }
  // The client went away in the middle: nobody is left to answer, the reply only ends the request's bookkeeping.
  const onError = (): void => settle(new ApiError(400, 'There was an error parsing the body'))
  request.on('data', onData).on('end', onEnd).on('error', onError)
}
