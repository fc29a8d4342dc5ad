import { createHash, timingSafeEqual } from 'node:crypto'
import type { NextFunction, Request, Response } from 'express'
import { ApiError } from './api-error.ts'
import { headerNames } from './context.ts'

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/** Whether a header is the edge's token. Compared in constant time. */
export const isEdgeToken = (token: string): ((given: string | undefined) => boolean) => {
  const expected = digest(token)
  return (given) => given !== undefined && timingSafeEqual(digest(given), expected)
}

/** Lets only the edge through: clients must not be able to go round its authentication. */
export const requireEdgeToken = (token: string) => {
  const accepts = isEdgeToken(token)
  return (request: Request, _response: Response, next: NextFunction): void => {
    const accepted = accepts(request.get(headerNames.edgeToken))
    next(accepted ? undefined : new ApiError(401, 'Not authenticated', { 'WWW-Authenticate': 'Basic' }))
  }
}
