import { startSimulator } from '@colibri/exchange-simulator'
import { contractProblems, startedService } from '@colibri/testkit'
import t from 'tap'
import { z } from 'zod'
import { marketData } from '../testing/market-data.ts'

t.test('prices over HTTP', async (t) => {
  const simulator = await startSimulator()
  t.teardown(() => simulator.close())
  const urls = { SIMULATOR_REST_URL: simulator.restUrl, SIMULATOR_WS_URL: simulator.wsUrl }
  const { get, post } = await startedService(t, { ...marketData, env: urls })

  await t.test('prices', async (t) => {
    for (const connector of ['simulator', 'simulator_perpetual']) {
      const { status, body } = await post('/market-data/prices', {
        connector_name: connector,
        trading_pairs: ['BTC-USDT', 'ETH-USDT'],
      })
      t.equal(status, 200, JSON.stringify(body))
      t.same(contractProblems('post', '/market-data/prices', body), [])
      const { prices, timestamp } = z
        .object({ prices: z.record(z.string(), z.number()), timestamp: z.number() })
        .parse(body)
      t.same(Object.keys(prices), ['BTC-USDT', 'ETH-USDT'])
      t.ok(Object.values(prices).every((price) => price > 0))
      t.ok(Math.abs(timestamp - Date.now() / 1000) < 60, 'seconds')
    }
    const empty = await post('/market-data/prices', { connector_name: 'simulator', trading_pairs: [] })
    t.match(empty, { status: 200, body: { connector: 'simulator', prices: {} } })
  })

  await t.test('prices nobody has', async (t) => {
    const failed = async (body: unknown) => {
      const reply = await post('/market-data/prices', body)
      return { status: reply.status, body: reply.body }
    }
    t.same(await failed({ connector_name: 'simulator', trading_pairs: ['BTC-USDT', 'NO-PE'] }), {
      status: 404,
      body: { detail: "Trading pair 'NO-PE' not found on simulator" },
    })
    t.same(await failed({ connector_name: 'nope', trading_pairs: [] }), {
      status: 404,
      body: { detail: 'Connector nope not found' },
    })
    t.same(await failed({ connector_name: 'simulator' }), {
      status: 422,
      body: {
        detail: [
          {
            type: 'missing',
            loc: ['body', 'trading_pairs'],
            msg: 'Field required',
            input: { connector_name: 'simulator' },
          },
        ],
      },
    })
    t.same(await failed({ connector_name: 'simulator', trading_pairs: 'BTC-USDT' }), {
      status: 422,
      body: {
        detail: [
          { type: 'list_type', loc: ['body', 'trading_pairs'], msg: 'Input should be a valid list', input: 'BTC-USDT' },
        ],
      },
    })
  })

  await t.test('the ticker of a pair, in the oldest form', async (t) => {
    const reply = z.object({
      connector: z.literal('simulator'),
      trading_pair: z.literal('BTC-USDT'),
      price: z.number(),
      best_bid: z.number(),
      best_ask: z.number(),
      timestamp: z.number(),
    })
    for (const query of ['connector_name=simulator', 'connector=simulator']) {
      const { status, body } = await get(`/market-data/ticker/BTC-USDT?${query}`)
      t.equal(status, 200, JSON.stringify(body))
      const { price, best_bid, best_ask } = reply.parse(body)
      t.ok(best_bid < best_ask && price > best_bid * 0.9 && price < best_ask * 1.1)
    }
    t.match(await get('/market-data/ticker/BTC-USDT'), {
      status: 422,
      body: { detail: [{ type: 'missing', loc: ['query', 'connector_name'] }] },
    })
    t.match(await get('/market-data/ticker/NO-PE?connector_name=simulator'), {
      status: 404,
      body: { detail: "Trading pair 'NO-PE' not found on simulator" },
    })
    t.match(await get('/market-data/ticker/BTC-USDT?connector_name=nope'), {
      status: 404,
      body: { detail: 'Connector nope not found' },
    })
  })

  await t.test('public trades of a pair', async (t) => {
    const row = z.object({
      timestamp: z.number(),
      price: z.number().positive(),
      amount: z.number().positive(),
      side: z.enum(['buy', 'sell']),
    })
    const trades = async (query: string) => {
      const { status, body } = await get(`/market-data/trades/BTC-USDT?${query}`)
      t.equal(status, 200, JSON.stringify(body))
      return z.array(row).parse(body)
    }
    const all = await trades('connector_name=simulator')
    t.equal(all.length, 100)
    const times = all.map(({ timestamp }) => timestamp)
    t.same(
      times,
      [...times].sort((a, b) => a - b),
      'oldest first',
    )
    t.ok(Math.abs((times.at(-1) ?? 0) - Date.now() / 1000) < 3600, 'seconds')
    t.equal((await trades('connector=simulator_perpetual&limit=3')).length, 3)
    t.match(await get('/market-data/trades/NO-PE?connector_name=simulator'), { status: 404 })
    t.match(await get('/market-data/trades/BTC-USDT?connector_name=simulator&limit=0'), { status: 422 })
  })
})
