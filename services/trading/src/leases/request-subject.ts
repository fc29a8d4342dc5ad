import type { Request } from 'express'
import { z } from 'zod'

/** What a request is about, which says who must handle it. `keeper`: about all accounts. */
export type Subject =
  | { readonly kind: 'account'; readonly accountName: string }
  | { readonly kind: 'keeper' }
  | { readonly kind: 'none' }

const named = z.object({ account_name: z.string() })

const inBody = (body: Buffer): string | undefined => {
  if (body.length === 0) return undefined
  try {
    const parsed = named.safeParse(JSON.parse(body.toString('utf8')))
    return parsed.success ? parsed.data.account_name : undefined
  } catch {
    // A body that is no JSON is refused by whoever handles it.
    return undefined
  }
}

const inQuery = (url: string): string | undefined => {
  const mark = url.indexOf('?')
  return mark < 0 ? undefined : (new URLSearchParams(url.slice(mark + 1)).get('account_name') ?? undefined)
}

/** No database keeps U+0000: what holds it is nobody's, and is refused by whoever handles it. */
const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' && !value.includes('\0') ? value : undefined

/** By the path, the query or the body, as the route has it; an order that is to be changed by whose it is. */
export const subjectOf = async (
  request: Pick<Request, 'method' | 'originalUrl' | 'params'>,
  body: Buffer,
  accountOfOrder: (clientOrderId: string) => Promise<string | undefined>,
): Promise<Subject> => {
  const { method, originalUrl, params } = request
  if (/^\/guards\/portfolio(\/|\?|$)/.test(originalUrl)) return { kind: 'keeper' }
  const accountName = text(params.account_name) ?? inQuery(originalUrl) ?? inBody(body)
  if (accountName !== undefined) return { kind: 'account', accountName }
  const order = method === 'GET' ? undefined : text(params.client_order_id)
  const owner = order === undefined ? undefined : await accountOfOrder(order)
  return owner === undefined ? { kind: 'none' } : { kind: 'account', accountName: owner }
}
