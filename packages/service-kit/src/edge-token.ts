import { timingSafeEqual } from 'node:crypto'
import type { NextFunction, Request, Response } from 'express'
import { ApiError } from './api-error.ts'
import { headerNames } from './context.ts'

/** Whether a header is the edge's token. Compared in constant time; how long the token is, is no secret. */
export const isEdgeToken = (token: string): ((given: string | undefined) => boolean) => {
  const expected = Buffer.from(token)
  return (text) => {
    if (text === undefined) return false
    const given = Buffer.from(text)
    return given.length === expected.length && timingSafeEqual(given, expected)
  }
}

/** Lets only the edge through: clients must not be able to go round its authentication. */
export const requireEdgeToken = (token: string) => {
  const accepts = isEdgeToken(token)
  return (request: Request, _response: Response, next: NextFunction): void => {
    const accepted = accepts(request.get(headerNames.edgeToken))
    next(accepted ? undefined : new ApiError(401, 'Not authenticated', { 'WWW-Authenticate': 'Basic' }))
  }
}
