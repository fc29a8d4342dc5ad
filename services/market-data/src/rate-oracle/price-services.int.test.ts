import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { VenueRefused, VenueUnavailable } from '@colibri/exchange'
import t from 'tap'
import { coinCap } from './coin-cap.ts'
import { coinGecko } from './coin-gecko.ts'
import type { RateSource } from './rate-source.ts'

interface Test {
  teardown(clean: () => Promise<void>): void
}

/** A web service on loopback that remembers what it was asked. */
const serving = async (t: Test, handle: (path: string, response: ServerResponse, request: IncomingMessage) => void) => {
  const asked: { path: string; headers: IncomingMessage['headers'] }[] = []
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    asked.push({ path, headers: request.headers })
    handle(path, response, request)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return { asked, baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

const priced = async (source: RateSource, quoteToken: string) =>
  [...(await source.prices(quoteToken))].map(([pair, price]) => [pair, price.toFixed()])

const coin = (symbol: string, current_price: unknown) => ({ id: symbol, symbol, current_price, market_cap: 1 })

t.test('CoinGecko: currencies once, then the largest coins page by page', async (t) => {
  const page = (path: string): unknown[] => {
    if (path.includes('page=1')) {
      const others = Array.from({ length: 246 }, (_, n) => coin(`x${n}`, 1 + n))
      return [coin('btc', 86543.21), coin('shib', 7.65e-6), coin('btc', 1), coin('gone', null), ...others]
    }
    return [coin('wrapped-btc', 5), coin('usdt', 0.999), coin('free', 0)]
  }
  const { asked, baseUrl } = await serving(t, (path, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(path.includes('/coins/markets') ? page(path) : ['usd', 'eur', 'btc']))
  })
  const source = coinGecko({ baseUrl, apiKey: 'demo-key', timeoutMs: 2_000 })
  const dollars = await priced(source, 'USDT')
  t.same(dollars.slice(0, 3), [
    ['BTC-USDT', '86543.21'],
    ['SHIB-USDT', '0.00000765'],
    ['X0-USDT', '1'],
  ])
  t.equal(dollars.length, 248, 'no price twice, no null, no zero, no malformed symbol, no USDT in USDT')
  t.same(
    asked.map(({ path }) => path),
    [
      '/api/v3/simple/supported_vs_currencies',
      '/api/v3/coins/markets?vs_currency=usd&order=market_cap_desc&per_page=250&page=1',
      '/api/v3/coins/markets?vs_currency=usd&order=market_cap_desc&per_page=250&page=2',
    ],
  )
  t.ok(asked.every(({ headers }) => headers['x-cg-demo-api-key'] === 'demo-key'))

  t.same((await priced(source, 'EUR'))[0], ['BTC-EUR', '86543.21'], 'in a currency it counts in')
  t.equal(asked.length, 5, 'the currencies are not asked again')
  t.match(asked.at(-1)?.path, 'vs_currency=eur')
})

t.test('CoinCap: one request, in dollars', async (t) => {
  const { asked, baseUrl } = await serving(t, (_, response) => {
    const data = [
      { id: 'bitcoin', symbol: 'BTC', priceUsd: '86543.2100000000000000000001' },
      { id: 'ether', symbol: 'ETH', priceUsd: null },
    ]
    response.end(JSON.stringify({ timestamp: 1, data }))
  })
  t.same(await priced(coinCap({ baseUrl, apiKey: 'paid', timeoutMs: 2_000 }), 'EUR'), [
    ['BTC-USDT', '86543.2100000000000000000001'],
  ])
  t.same(
    asked.map(({ path, headers }) => [path, headers.authorization]),
    [['/v3/assets?limit=1000&offset=0', 'Bearer paid']],
  )
  await coinCap({ baseUrl, timeoutMs: 2_000 }).prices('USDT')
  t.equal(asked.at(-1)?.headers.authorization, undefined)
})

t.test('a service that does not answer as it should says what it did, and no key', async (t) => {
  let answer = (_: ServerResponse): void => {}
  const { baseUrl } = await serving(t, (_, response) => answer(response))
  const source = coinCap({ baseUrl, apiKey: 'topsecret', timeoutMs: 300 })
  const failure = async (as: (response: ServerResponse) => void): Promise<Error> => {
    answer = as
    const error = await source.prices('USDT').then(
      () => new Error('it answered'),
      (reason: Error) => reason,
    )
    t.notMatch(error.message, /topsecret/)
    return error
  }
  const status = (code: number, text: string) => (response: ServerResponse) => response.writeHead(code).end(text)
  t.match(await failure(status(401, '{"error":"no key"}')), new VenueRefused('coin_cap: HTTP 401'))
  t.match(await failure(status(429, '')), new VenueUnavailable('coin_cap: HTTP 429'))
  const limited = await failure((response) => response.writeHead(429, { 'retry-after': '3600' }).end())
  t.ok(
    limited instanceof VenueUnavailable && (limited.until ?? 0) - Date.now() > 3_000_000,
    'it is not asked for an hour',
  )
  const dated = await failure((response) =>
    response.writeHead(503, { 'retry-after': 'Fri, 31 Dec 2100 23:59:59 GMT' }).end(),
  )
  t.match(dated, { until: Date.UTC(2100, 11, 31, 23, 59, 59) })
  t.match(await failure(status(503, '')), new VenueUnavailable('coin_cap: HTTP 503'))
  t.match(await failure(status(200, '<html>')), new VenueUnavailable('coin_cap: unreadable reply: '))
  t.match(await failure(status(200, '{"data":{"message":"deprecated"}}')), /unreadable reply: data/)
  t.match(await failure((response) => response.destroy()), /^VenueUnavailable: coin_cap: /)
  t.match(await failure(() => {}), /no answer within 300 ms/)
  t.match(
    await failure((response) => response.writeHead(200).write('{"data":[')),
    /no answer within 300 ms/,
    'also when it stops in the middle',
  )
})
