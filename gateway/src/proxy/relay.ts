import type { IncomingMessage, ServerResponse } from 'node:http'

/** Replies up to this many bytes are sent on in one piece: one write costs a fraction of two. */
const SMALL_REPLY = 65_536
/** Between the service and the edge alone. */
const hopHeaders = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'x-powered-by'])

const copyHead = (upstream: IncomingMessage, res: ServerResponse): void => {
  const vary = res.getHeader('vary')
  res.statusCode = upstream.statusCode ?? 502
  res.statusMessage = upstream.statusMessage ?? ''
  for (const [name, value] of Object.entries(upstream.headers)) {
    if (value !== undefined && !hopHeaders.has(name)) res.setHeader(name, value)
  }
  if (typeof vary === 'string' && upstream.headers.vary !== undefined) {
    res.setHeader('vary', `${upstream.headers.vary}, ${vary}`)
  }
}

/** Sends a service's reply on. A reply that breaks off is cut off by the proxy, so that the client notices. */
export const relay = (upstream: IncomingMessage, res: ServerResponse): void => {
  if (res.headersSent || res.destroyed) {
    upstream.resume()
    return
  }
  copyHead(upstream, res)
  const length = upstream.headers['content-length']
  if (length === undefined || Number(length) > SMALL_REPLY) {
    upstream.pipe(res)
    return
  }
  const chunks: Buffer[] = []
  upstream.on('data', (chunk: Buffer) => chunks.push(chunk))
  upstream.on('end', () => {
    // As latin1 text, which keeps every byte, the body shares a write with its head.
    res.end(chunks.length === 1 ? chunks[0]?.toString('latin1') : Buffer.concat(chunks).toString('latin1'), 'latin1')
  })
}
