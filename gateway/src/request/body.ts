import type { IncomingMessage } from 'node:http'

export type BodyRead =
  | { readonly kind: 'none' }
  | { readonly kind: 'read'; readonly body: Buffer }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'aborted' }

const none: BodyRead = { kind: 'none' }

/**
 * Reads the whole body. A body is taken in before it is forwarded, so that a slow sender never holds a service, a refused
 * connection can be tried again elsewhere, and the limit holds for chunked bodies too. Past the limit the rest is
 * discarded as it arrives.
 */
export const readBody = (req: IncomingMessage, limit: number): BodyRead | Promise<BodyRead> => {
  const declared = req.headers['content-length']
  if (declared === undefined && req.headers['transfer-encoding'] === undefined) return none
  if (declared === '0') return none
  if (declared !== undefined && Number(declared) > limit) return { kind: 'too-large' }
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let size = 0
    req.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= limit) {
        chunks.push(chunk)
        return
      }
      chunks.length = 0
      resolve({ kind: 'too-large' })
    })
    req.on('end', () => {
      const [first] = chunks
      resolve({ kind: 'read', body: chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks, size) })
    })
    req.on('error', () => resolve({ kind: 'aborted' }))
    req.on('close', () => resolve({ kind: 'aborted' }))
  })
}

const bodyMethods = new Set(['POST', 'PUT', 'PATCH'])
const jsonType = /^application\/(?:json|[^;\s]+\+json)\s*(?:;|$)/i

/** Whether the contract parses this body as JSON: a JSON content type, or none at all. */
export const carriesJson = (req: IncomingMessage): boolean => {
  if (!bodyMethods.has(req.method ?? '')) return false
  const type = req.headers['content-type']
  return type === undefined || jsonType.test(type.trim())
}
