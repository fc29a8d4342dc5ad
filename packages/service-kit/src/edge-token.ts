import { createHash, timingSafeEqual } from 'node:crypto'
import type { NextFunction, Request, Response } from 'express'
import { ApiError } from './api-error.ts'
import { headerNames } from './context.ts'

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/** Lets only the edge through: clients must not be able to go round its authentication. Compared in constant time. */
export const requireEdgeToken = (token: string) => {
  const expected = digest(token)
  return (request: Request, _response: Response, next: NextFunction): void => {
    const given = request.get(headerNames.edgeToken)
    const accepted = given !== undefined && timingSafeEqual(digest(given), expected)
    next(accepted ? undefined : new ApiError(401, 'Not authenticated', { 'WWW-Authenticate': 'Basic' }))
  }
}
