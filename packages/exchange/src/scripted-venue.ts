import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

/** How the scripted venue answers the next create or cancel. */
export type Answer =
  | { readonly kind: 'reply'; readonly status: number; readonly body: string; readonly type?: string }
  | { readonly kind: 'silence' }
  | { readonly kind: 'reset' }
  | { readonly kind: 'stalled-body' }

export interface ScriptedVenue {
  readonly url: string
  /** Bodies of the create requests that arrived. */
  readonly creates: URLSearchParams[]
  /** Method and path of every request. */
  readonly requests: string[]
  answer: Answer
  /** Raw JSON by path, for the reading calls. */
  readonly pages: Map<string, string>
  close(): Promise<void>
}

const market = (symbol: string, base: string, quote: string, extra: Readonly<Record<string, string>>) => ({
  ...extra,
  symbol,
  status: 'TRADING',
  baseAsset: base,
  quoteAsset: quote,
  baseAssetPrecision: 8,
  quotePrecision: 8,
  baseCommissionPrecision: 8,
  quoteCommissionPrecision: 8,
  orderTypes: ['LIMIT', 'LIMIT_MAKER', 'MARKET'],
  isSpotTradingAllowed: true,
  permissions: ['SPOT'],
  permissionSets: [['SPOT']],
  filters: [
    { filterType: 'PRICE_FILTER', minPrice: '0.01000000', maxPrice: '1000000.00000000', tickSize: '0.01000000' },
    { filterType: 'LOT_SIZE', minQty: '0.00001000', maxQty: '9000.00000000', stepSize: '0.00001000' },
    { filterType: 'NOTIONAL', minNotional: '5.00000000', applyMinToMarket: true },
    { filterType: 'MIN_NOTIONAL', notional: '5' },
  ],
})

const exchangeInfo = (path: string): string => {
  const extra = path.startsWith('/fapi') ? { contractType: 'PERPETUAL', marginAsset: 'USDT' } : {}
  const symbols = ['BTC', 'ETH'].map((base) => market(`${base}USDT`, base, 'USDT', extra))
  return JSON.stringify({ timezone: 'UTC', serverTime: 0, rateLimits: [], symbols })
}

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString('utf8')
}

const send = (response: ServerResponse, status: number, body: string, type = 'application/json'): void => {
  response.writeHead(status, { 'content-type': type })
  response.end(body)
}

const deliver = (answer: Answer, response: ServerResponse): void => {
  switch (answer.kind) {
    case 'reply':
      send(response, answer.status, answer.body, answer.type)
      return
    case 'silence':
      return
    case 'reset':
      response.socket?.resetAndDestroy()
      return
    case 'stalled-body':
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
      response.write('{"orderId":')
  }
}

/** A venue on loopback in Binance's dialect that answers orders exactly as a test says, and counts what arrived. */
export const startScriptedVenue = async (): Promise<ScriptedVenue> => {
  const creates: URLSearchParams[] = []
  const requests: string[] = []
  const pages = new Map<string, string>()
  const venue = { answer: { kind: 'silence' } as Answer }
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://venue').pathname
    requests.push(`${request.method} ${path}`)
    const page = pages.get(path)
    if (path.endsWith('/exchangeInfo')) send(response, 200, exchangeInfo(path))
    else if (path.endsWith('/time')) send(response, 200, JSON.stringify({ serverTime: Date.now() }))
    else if (page !== undefined && request.method === 'GET') send(response, 200, page)
    else if (path.endsWith('/positionSide/dual')) send(response, 200, '{"dualSidePosition":false}')
    else if (path.endsWith('/order')) {
      bodyOf(request).then(
        (body) => {
          if (request.method === 'POST') creates.push(new URLSearchParams(body))
          deliver(venue.answer, response)
        },
        () => response.destroy(),
      )
    } else send(response, 404, '<html>nothing here</html>', 'text/html')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the scripted venue has no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    creates,
    requests,
    pages,
    get answer() {
      return venue.answer
    },
    set answer(answer) {
      venue.answer = answer
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
