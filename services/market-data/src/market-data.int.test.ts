import { writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { pricesReply, rpcError, tradingRulesReply } from '@colibri/contracts'
import { startSimulator } from '@colibri/exchange-simulator'
import { contractProblems, startedService } from '@colibri/testkit'
import t from 'tap'
import { z } from 'zod'
import { marketData } from './testing/market-data.ts'

/** A host that takes connections and never says a word. */
const blackHole = async (): Promise<{ url: string; close(): Promise<void> }> => {
  const sockets = new Set<{ destroy(): void }>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** A port nobody listens on. */
const closedPort = async (): Promise<string> => {
  const { url, close } = await blackHole()
  await close()
  return url
}

t.test('market data of a venue over real sockets', async (t) => {
  const simulator = await startSimulator()
  t.teardown(() => simulator.close())
  const silent = await blackHole()
  t.teardown(() => silent.close())
  const dead = await closedPort()
  const service = await startedService(t, {
    ...marketData,
    env: {
      SIMULATOR_REST_URL: simulator.restUrl,
      SIMULATOR_WS_URL: simulator.wsUrl,
      MARKET_DATA_VENUE_TIMEOUT: '4',
      MARKET_DATA_CANDLES_READY_TIMEOUT: '4',
    },
    prepare: (home) => writeFile(join(home, 'venues.yml'), `binance: {rest: ${dead}}\nkraken: {rest: ${silent.url}}\n`),
  })
  const { get, post, rpc } = service

  await t.test('candles', async (t) => {
    const candles = async (body: object) => {
      const reply = await post('/market-data/candles', body)
      t.equal(reply.status, 200, JSON.stringify(reply.body))
      t.same(contractProblems('post', '/market-data/candles', reply.body), [])
      return z.array(z.object({ timestamp: z.number() }).catchall(z.number())).parse(reply.body)
    }
    const steps = (rows: readonly { timestamp: number }[]) =>
      new Set(rows.slice(1).map(({ timestamp }, index) => timestamp - (rows[index]?.timestamp ?? 0)))
    for (const connector of ['simulator', 'simulator_perpetual']) {
      const rows = await candles({
        connector_name: connector,
        trading_pair: 'BTC-USDT',
        interval: '5m',
        max_records: 20,
      })
      t.equal(rows.length, 20)
      t.same(steps(rows), new Set([300]), 'oldest first, in seconds')
      t.same(Object.keys(rows[0] ?? {}), [
        'timestamp',
        'open',
        'high',
        'low',
        'close',
        'volume',
        'quote_asset_volume',
        'n_trades',
        'taker_buy_base_volume',
        'taker_buy_quote_volume',
      ])
    }
    const minutes = await candles({ connector_name: 'simulator', trading_pair: 'BTC-USDT' })
    t.equal(minutes.length, 500)
    t.same(steps(minutes), new Set([60]))
    const many = await candles({ connector_name: 'simulator', trading_pair: 'BTC-USDT', max_records: 1500 })
    t.equal(many.length, 1500, 'more than one page of the venue')
    t.same(steps(many), new Set([60]))
  })

  await t.test('candles nobody has', async (t) => {
    const connectors = z.array(z.string()).parse((await get('/market-data/available-candle-connectors')).body)
    t.ok(connectors.includes('simulator') && connectors.includes('binance'))
    const failed = async (body: object) => {
      const reply = await post('/market-data/candles', body)
      return { status: reply.status, body: reply.body }
    }
    const asked = { connector_name: 'simulator', trading_pair: 'BTC-USDT' }
    t.same(await failed({ ...asked, connector_name: 'nope' }), {
      status: 400,
      body: {
        detail: `Unsupported connector 'nope'. Available connectors: [${connectors.map((name) => `'${name}'`).join(', ')}]`,
      },
    })
    t.same(await failed({ ...asked, trading_pair: 'BTCUSDT' }), {
      status: 400,
      body: {
        detail: "Invalid trading pair format 'BTCUSDT'. Expected format: BASE-QUOTE (e.g., BTC-USDT)",
      },
    })
    t.match(await failed({ ...asked, interval: '7m' }), {
      status: 400,
      body: { detail: /^Unsupported interval '7m' for 'simulator'\. Supported intervals: \['1s', '1m'/ },
    })
    t.match(await failed({ ...asked, trading_pair: 'NO-PE' }), {
      status: 400,
      body: { detail: /^Trading pair 'NO-PE' appears to be invalid on 'simulator': / },
    })
    t.same(await failed({ ...asked, max_records: 0 }), {
      status: 400,
      body: { detail: 'Invalid max_records 0. Must be between 1 and 10000' },
    })
    t.same(await failed({}), {
      status: 422,
      body: {
        detail: [
          { type: 'missing', loc: ['body', 'connector_name'], msg: 'Field required', input: {} },
          { type: 'missing', loc: ['body', 'trading_pair'], msg: 'Field required', input: {} },
        ],
      },
    })
  })

  await t.test(
    'a venue that cannot be reached is 503, one that is silent 504, and neither holds up another',
    async (t) => {
      const silentReplies = Promise.all([
        post('/market-data/prices', { connector_name: 'kraken', trading_pairs: ['BTC-USD'] }),
        post('/market-data/order-book', { connector_name: 'kraken', trading_pair: 'BTC-USD' }),
        get('/connectors/kraken/trading-rules'),
        post('/market-data/candles', { connector_name: 'kraken', trading_pair: 'BTC-USD' }),
      ])
      let silentAnswered = false
      const marked = silentReplies.then((replies) => {
        silentAnswered = true
        return replies
      })
      const healthy = await post('/market-data/order-book', { connector_name: 'simulator', trading_pair: 'ETH-USDT' })
      t.equal(healthy.status, 200)
      t.equal(silentAnswered, false, 'answered while the silent venue was still waited for')
      const [prices, book, rules, candles] = await marked
      const late = 'kraken gave no answer within 4s'
      t.match(prices, { status: 504, body: { detail: late } })
      t.match(book, { status: 504, body: { detail: late } })
      t.match(rules, { status: 504, body: { detail: `Connector 'kraken' not found or error: ${late}` } })
      t.match(candles, {
        status: 504,
        body: {
          detail:
            'Candle feed for kraken BTC-USD did not become ready within 4s. The trading pair may not exist on this exchange.',
        },
      })

      t.match(await post('/market-data/prices', { connector_name: 'binance', trading_pairs: ['BTC-USDT'] }), {
        status: 503,
        body: { detail: /^binance: / },
      })
      t.match(await get('/connectors/binance/trading-rules'), {
        status: 503,
        body: { detail: /^Connector 'binance' not found or error: binance: / },
      })
    },
  )

  await t.test('other services ask over NATS', async (t) => {
    const rules = tradingRulesReply.parse(await rpc('trading-rules', { connectorName: 'simulator' }))
    t.same(rules.orderTypes, ['LIMIT', 'LIMIT_MAKER', 'MARKET'])
    t.ok(rules.rules.some(({ tradingPair }) => tradingPair === 'BTC-USDT'))

    const prices = pricesReply.parse(
      await rpc('prices', { connectorName: 'simulator', tradingPairs: ['BTC-USDT', 'NO-PE'] }),
    )
    t.match(prices.prices['BTC-USDT'], /^\d+(\.\d+)?$/)
    t.equal(prices.prices['NO-PE'], null)

    const refused = async (operation: string, request: object) => rpcError.parse(await rpc(operation, request)).error
    t.same(await refused('trading-rules', { connectorName: 'nope' }), {
      kind: 'not-found',
      message: 'Connector nope not found',
    })
    t.same(await refused('prices', { connectorName: 'nope', tradingPairs: [] }), {
      kind: 'not-found',
      message: 'Connector nope not found',
    })
    t.match(await refused('prices', { connectorName: 'binance', tradingPairs: ['BTC-USDT'] }), { kind: 'unavailable' })
    t.match(await refused('prices', { connectorName: 7 }), { kind: 'invalid' })
  })

  await t.test('a venue that goes away leaves its rules, with their age, and no stale price', async (t) => {
    await simulator.close()
    const rules = await get('/connectors/simulator/trading-rules?trading_pairs=BTC-USDT')
    t.match(rules, { status: 200, body: { 'BTC-USDT': { supports_limit_orders: true } } })
    t.match(rules.headers.get('age'), /^\d+$/)
    t.match(await rpc('trading-rules', { connectorName: 'simulator' }), {
      orderTypes: ['LIMIT', 'LIMIT_MAKER', 'MARKET'],
    })
    t.match(await post('/market-data/prices', { connector_name: 'simulator', trading_pairs: ['BNB-USDT'] }), {
      status: 503,
      body: { detail: /^simulator: / },
    })
  })
})
