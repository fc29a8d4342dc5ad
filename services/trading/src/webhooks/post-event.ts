import { type LookupAddress, lookup } from 'node:dns'
import { Agent as HttpAgent, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { signatureOf } from './signature.ts'
import { hostOf, refusedAddress } from './webhook-url.ts'

export interface Message {
  /** The event's: the same however often it is sent. */
  readonly id: string
  readonly type: string
  readonly body: string
  /** 1 for the first. */
  readonly attempt: number
}

/** What became of one attempt. `error` names no path and no secret. */
export type Posted = { readonly durationMs: number } & (
  | { readonly kind: 'delivered'; readonly status: number }
  | { readonly kind: 'refused'; readonly status: number; readonly error: string }
  | { readonly kind: 'failed'; readonly error: string }
  /** The signal aborted it: nothing is known, and nobody is to blame. */
  | { readonly kind: 'aborted' }
)

export interface Poster {
  post(message: Message, signal: AbortSignal): Promise<Posted>
  close(): void
}

export interface PosterOptions {
  readonly url: string
  readonly secret: string
  readonly timeoutMs: number
  isAllowed(address: string): boolean
}

/** An answer is of no interest but for its status: as much is read as lets the connection live on. */
const MOST_OF_AN_ANSWER = 64 * 1024

class AddressRefused extends Error {
  override readonly name = 'AddressRefused'
}

/** Resolves a name as a connection is made to it, so that a name that changes its mind is refused then. */
const guardedLookup =
  (isAllowed: (address: string) => boolean): LookupFunction =>
  (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      const refused = error === null ? addresses.find(({ address }) => !isAllowed(address)) : undefined
      const first = addresses?.[0]
      if (error !== null || first === undefined) callback(error ?? new Error(`${hostname} has no address`), '', 0)
      else if (refused !== undefined) callback(new AddressRefused(refusedAddress(refused.address, hostname)), '', 0)
      else if (options.all === true) callback(null, addresses)
      else callback(null, first.address, first.family)
    })
  }

const messageOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  // Several addresses that all failed come as one error without a text.
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ')
  return error.message
}

/** Posts to one URL, over one connection that is kept. Redirects are not followed. */
export const createPoster = ({ url: text, secret, timeoutMs, isAllowed }: PosterOptions): Poster => {
  const url = new URL(text)
  const host = hostOf(url)
  const settings = { keepAlive: true, maxSockets: 1, lookup: guardedLookup(isAllowed) }
  const [agent, request] =
    url.protocol === 'https:' ? [new HttpsAgent(settings), httpsRequest] : [new HttpAgent(settings), httpRequest]

  const send = ({ id, type, body, attempt }: Message, signal: AbortSignal): Promise<number> =>
    new Promise((resolve, reject) => {
      const seconds = Math.floor(Date.now() / 1000)
      const headers = {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'user-agent': 'Colibri-Webhooks',
        'webhook-id': id,
        'webhook-timestamp': String(seconds),
        'webhook-signature': signatureOf(secret, id, seconds, body),
        'colibri-event': type,
        'colibri-attempt': String(attempt),
      }
      const sending = request(url, { method: 'POST', agent, headers, signal }, (response) => {
        let read = 0
        const done = (): void => resolve(response.statusCode ?? 0)
        response.on('data', (chunk: Buffer) => {
          read += chunk.length
          if (read > MOST_OF_AN_ANSWER) response.destroy()
        })
        // The status is the answer, whatever becomes of the rest.
        response.once('close', done).on('error', done)
      })
      // An error that follows the answer is of no interest, but must be heard.
      sending.on('error', reject)
      sending.end(body)
    })

  return {
    async post(message, signal) {
      if (signal.aborted) return { kind: 'aborted', durationMs: 0 }
      const begin = performance.now()
      const ending = new AbortController()
      const end = (): void => ending.abort()
      const timer = setTimeout(end, timeoutMs)
      signal.addEventListener('abort', end, { once: true })
      const durationMs = (): number => Math.round(performance.now() - begin)
      try {
        if (isIP(host) !== 0 && !isAllowed(host)) throw new AddressRefused(refusedAddress(host))
        const status = await send(message, ending.signal)
        if (status >= 200 && status < 300) return { kind: 'delivered', status, durationMs: durationMs() }
        const redirect = status >= 300 && status < 400 ? ': redirects are not followed' : ''
        return { kind: 'refused', status, error: `answered with ${status}${redirect}`, durationMs: durationMs() }
      } catch (error) {
        if (signal.aborted) return { kind: 'aborted', durationMs: durationMs() }
        const text = ending.signal.aborted ? `no answer within ${timeoutMs / 1000} s` : messageOf(error)
        return { kind: 'failed', error: text, durationMs: durationMs() }
      } finally {
        clearTimeout(timer)
        signal.removeEventListener('abort', end)
      }
    },
    close: () => agent.destroy(),
  }
}
