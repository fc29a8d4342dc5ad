import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface CountingProxy {
  readonly url: string
  /** The candles that were asked for, in the order they arrived. */
  readonly asked: { readonly from: number | undefined; readonly limit: number }[]
  /** While it is not null, every request gets this status, or no answer at all. */
  fault: number | 'silence' | null
  close(): Promise<void>
}

/** Stands before a venue's REST side and takes down which candles are asked for. */
export const countingProxy = async (target: string): Promise<CountingProxy> => {
  const asked: { readonly from: number | undefined; readonly limit: number }[] = []
  let fault: CountingProxy['fault'] = null
  const server = createServer((incoming, outgoing) => {
    const url = new URL(incoming.url ?? '/', target)
    if (url.pathname.endsWith('/klines')) {
      const from = url.searchParams.get('startTime')
      asked.push({ from: from === null ? undefined : Number(from), limit: Number(url.searchParams.get('limit')) })
    }
    if (fault === 'silence') return
    if (fault !== null) {
      outgoing.writeHead(fault).end('{}')
      return
    }
    const forward = request(url, { method: incoming.method ?? 'GET', headers: incoming.headers }, (reply) => {
      outgoing.writeHead(reply.statusCode ?? 502, reply.headers)
      reply.pipe(outgoing)
    })
    forward.on('error', () => outgoing.destroy())
    incoming.pipe(forward)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    get fault() {
      return fault
    },
    set fault(next) {
      // Whoever still waits for a silent venue learns that it is over.
      if (fault === 'silence') server.closeAllConnections()
      fault = next
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
