import { MOST_ITEMS, type ValidationItem } from '@colibri/contracts'

/** A refusal with the contract's body, `{"detail": …}`. The only error a handler throws on purpose. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  constructor(
    readonly status: number,
    readonly detail: string | readonly ValidationItem[],
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(typeof detail === 'string' ? detail : detail.map(({ loc, msg }) => `${loc.join('.')}: ${msg}`).join('; '))
  }
}

export const badRequest = (detail: string): ApiError => new ApiError(400, detail)
export const notFound = (detail: string): ApiError => new ApiError(404, detail)
/** The first of what is wrong: of very many items a reply would be many times as large as the request. */
export const unprocessable = (items: readonly ValidationItem[]): ApiError =>
  new ApiError(422, items.slice(0, MOST_ITEMS))
export const unavailable = (detail: string): ApiError => new ApiError(503, detail)

export type RpcErrorKind = 'not-found' | 'invalid' | 'unavailable' | 'internal'

/** What `kit.call` throws. */
export class RpcError extends Error {
  override readonly name = 'RpcError'
  constructor(
    readonly kind: RpcErrorKind,
    message: string,
    readonly service: string,
    readonly operation: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}
