import { setTimeout as sleep } from 'node:timers/promises'
import { marketSubject } from '@colibri/contracts'
import { startSimulator } from '@colibri/exchange-simulator'
import { startedService } from '@colibri/testkit'
import t from 'tap'
import { z } from 'zod'
import { marketData } from '../testing/market-data.ts'

const eventually = async (what: string, check: () => Promise<boolean>): Promise<void> => {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await sleep(50)) if (await check()) return
  throw new Error(`${what} did not happen within 20 s`)
}

t.test('books and prices come from live feeds, and what is old is never served', async (t) => {
  const simulator = await startSimulator()
  t.teardown(() => simulator.close())
  const { nats, post } = await startedService(t, {
    ...marketData,
    env: {
      SIMULATOR_REST_URL: simulator.restUrl,
      SIMULATOR_WS_URL: simulator.wsUrl,
    },
  })
  const control = async (method: string, path: string, body?: object): Promise<void> => {
    const reply = await fetch(`${simulator.controlUrl}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    if (!reply.ok) throw new Error(`${method} ${path}: ${await reply.text()}`)
  }
  const feed = { connector_name: 'simulator', trading_pair: 'BTC-USDT' }
  const book = (pair = 'BTC-USDT') => post('/market-data/order-book', { ...feed, trading_pair: pair })
  const price = (pair = 'BTC-USDT') => post('/market-data/prices', { ...feed, trading_pairs: [pair] })
  const timestamp = (body: unknown): number => z.object({ timestamp: z.number() }).parse(body).timestamp

  const message = z.object({ type: z.string() })
  const live = (['book', 'ticker'] as const).map(async (kind) => {
    for await (const each of nats.subscribe(marketSubject('simulator', 'BTC-USDT', kind)))
      if (message.parse(each.json()).type === 'update') return
  })
  t.equal((await book()).status, 200, 'the first book is asked for')
  t.equal((await price()).status, 200, 'and the first price')
  await Promise.all(live)

  await control('POST', '/faults', { on: 'market-data', kind: '500', times: null })
  t.equal((await book('ETH-USDT')).status, 503, 'a pair without a feed cannot be asked for any more')
  t.equal((await price('ETH-USDT')).status, 503)

  const before = await book()
  t.equal(before.status, 200, 'the live book is served without asking')
  await eventually('a newer book', async () => timestamp((await book()).body) > timestamp(before.body))
  const deep = await post('/market-data/order-book', { ...feed, depth: 1000 })
  const sides = z.object({ bids: z.array(z.unknown()), asks: z.array(z.unknown()) }).parse(deep.body)
  t.ok(sides.bids.length > 100 && sides.asks.length > 100, 'as deep as it goes')
  const query = { ...feed, is_buy: true, volume: 1 }
  t.match(await post('/market-data/order-book/vwap-for-volume', query), { status: 200, body: { result_volume: 1 } })
  const near = z
    .object({ asks: z.array(z.object({ amount: z.number() })) })
    .parse((await post('/market-data/order-book', { ...feed, depth: 100 })).body)
  const beyond = near.asks.reduce((sum, { amount }) => sum + amount, 0) * 1.5
  t.match(
    await post('/market-data/order-book/price-for-volume', { ...query, volume: beyond }),
    { status: 200, body: { result_price: Number, result_volume: beyond } },
    'a query goes as deep as it must',
  )
  t.equal((await price()).status, 200, 'and so is the live price')

  await control('POST', '/websockets/drop', {})
  await eventually('an interrupted book that is not served', async () => (await book()).status === 503)

  await control('DELETE', '/faults')
  await eventually('a book again', async () => (await book()).status === 200)
})
