import { Agent, request } from 'node:http'
import { headerNames } from '@colibri/service-kit'

export interface Sent {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
}

export type Forwarded =
  | {
      readonly kind: 'answered'
      readonly status: number
      readonly body: string
      readonly headers: Readonly<Record<string, string>>
    }
  /** Nobody listens there: the request was not carried out. */
  | { readonly kind: 'not-reached' }
  /** It may have been carried out. */
  | { readonly kind: 'broken-off'; readonly reason: string }

/** Tells the owner that the request comes from a replica that does not own the account. */
export const FORWARDED = 'x-colibri-forwarded'

const neverReached = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL'])
const passedOn = [...Object.values(headerNames), 'content-type', 'idempotency-key']
const agent = new Agent({ keepAlive: true, maxFreeSockets: 32, scheduling: 'lifo' })

/** Sends a request to the trading process that owns its account. Never rejects. */
export const forwardTo = (address: string, sent: Sent, timeoutMs: number, signal: AbortSignal): Promise<Forwarded> =>
  new Promise((resolve) => {
    const headers: Record<string, string | string[]> = { [FORWARDED]: '1', 'content-length': String(sent.body.length) }
    for (const name of passedOn) {
      const value = sent.headers[name]
      if (value !== undefined) headers[name] = value
    }
    const url = new URL(sent.path, address)
    const outgoing = request(url, { method: sent.method, headers, agent, timeout: timeoutMs, signal }, (reply) => {
      const chunks: Buffer[] = []
      reply.on('data', (chunk: Buffer) => chunks.push(chunk))
      reply.on('error', (error) => resolve({ kind: 'broken-off', reason: error.message }))
      reply.on('end', () => {
        const kept = Object.entries(reply.headers).filter(([name]) => name === 'retry-after' || name === 'allow')
        resolve({
          kind: 'answered',
          status: reply.statusCode ?? 0,
          body: Buffer.concat(chunks).toString('utf8'),
          headers: Object.fromEntries(kept.map(([name, value]) => [name, String(value)])),
        })
      })
    })
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${timeoutMs} ms`)))
    outgoing.on('error', (error) => {
      const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
      resolve(neverReached.has(code) ? { kind: 'not-reached' } : { kind: 'broken-off', reason: error.message })
    })
    outgoing.end(sent.body)
  })
