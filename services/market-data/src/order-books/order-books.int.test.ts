import { startSimulator } from '@colibri/exchange-simulator'
import { contractProblems, startedService } from '@colibri/testkit'
import t from 'tap'
import { z } from 'zod'
import { marketData } from '../testing/market-data.ts'

t.test('order books over HTTP', async (t) => {
  const simulator = await startSimulator()
  t.teardown(() => simulator.close())
  const urls = { SIMULATOR_REST_URL: simulator.restUrl, SIMULATOR_WS_URL: simulator.wsUrl }
  const { get, post } = await startedService(t, { ...marketData, env: urls })

  await t.test('order books', async (t) => {
    const book = async (depth?: number) => {
      const { status, body } = await post('/market-data/order-book', {
        connector_name: 'simulator',
        trading_pair: 'BTC-USDT',
        ...(depth === undefined ? {} : { depth }),
      })
      t.equal(status, 200, JSON.stringify(body))
      t.same(contractProblems('post', '/market-data/order-book', body), [])
      const side = z.array(z.object({ price: z.number(), amount: z.number() }))
      return z.object({ trading_pair: z.literal('BTC-USDT'), bids: side, asks: side }).parse(body)
    }
    const { bids, asks } = await book()
    t.ok(bids.length > 0 && bids.length <= 10)
    t.ok(asks.length > 0 && asks.length <= 10)
    t.ok((bids[0]?.price ?? 0) < (asks[0]?.price ?? 0))
    t.same(
      bids.map(({ price }) => price),
      bids.map(({ price }) => price).sort((a, b) => b - a),
    )
    t.same(
      asks.map(({ price }) => price),
      asks.map(({ price }) => price).sort((a, b) => a - b),
    )
    t.equal((await book(1)).bids.length, 1)
    t.ok((await book(1000)).bids.length >= bids.length)
  })

  await t.test('order books nobody has', async (t) => {
    const failed = async (body: object) => {
      const reply = await post('/market-data/order-book', body)
      return { status: reply.status, body: reply.body }
    }
    t.same(await failed({ connector_name: 'simulator', trading_pair: 'NO-PE' }), {
      status: 404,
      body: { detail: "Trading pair 'NO-PE' not found on simulator" },
    })
    t.same(await failed({ connector_name: 'nope', trading_pair: 'BTC-USDT' }), {
      status: 404,
      body: { detail: 'Connector nope not found' },
    })
    const bound = (depth: number, type: string, msg: string, ctx: object) => ({
      status: 422,
      body: { detail: [{ type, loc: ['body', 'depth'], msg, input: depth, ctx }] },
    })
    const asked = { connector_name: 'simulator', trading_pair: 'BTC-USDT' }
    t.same(
      await failed({ ...asked, depth: 0 }),
      bound(0, 'greater_than_equal', 'Input should be greater than or equal to 1', { ge: 1 }),
    )
    t.same(
      await failed({ ...asked, depth: 1001 }),
      bound(1001, 'less_than_equal', 'Input should be less than or equal to 1000', { le: 1000 }),
    )
  })

  await t.test('the older form of an order book', async (t) => {
    const { status, body } = await get('/market-data/orderbook/BTC-USDT?connector_name=simulator&depth=3')
    t.equal(status, 200)
    t.same(contractProblems('post', '/market-data/order-book', body), [])
    t.match(body, { trading_pair: 'BTC-USDT', bids: { length: 3 }, asks: { length: 3 } })
    t.match(await get('/market-data/orderbook/BTC-USDT?connector_name=simulator&depth=1001'), { status: 422 })
  })

  const answer = z.object({
    trading_pair: z.literal('BTC-USDT'),
    is_buy: z.boolean(),
    query_volume: z.number().nullable(),
    query_price: z.number().nullable(),
    result_price: z.number().nullable(),
    result_volume: z.number().nullable(),
    result_quote_volume: z.number().nullable(),
    average_price: z.number().nullable(),
  })
  const ask = async (query: string, body: object) => {
    const path = `/market-data/order-book/${query}`
    const reply = await post(path, { connector_name: 'simulator', trading_pair: 'BTC-USDT', ...body })
    t.equal(reply.status, 200, JSON.stringify(reply.body))
    t.same(contractProblems('post', path, reply.body), [])
    return answer.parse(reply.body)
  }
  const unused = {
    query_volume: null,
    query_price: null,
    result_price: null,
    result_volume: null,
    result_quote_volume: null,
    average_price: null,
  }

  await t.test('queries of a book: a buyer pays more, a seller gets less', async (t) => {
    const buy = await ask('price-for-volume', { is_buy: true, volume: 0.5 })
    const sell = await ask('price-for-volume', { side: 'sell', volume: '0.5' })
    t.match(buy, { ...unused, is_buy: true, query_volume: 0.5, result_price: Number, result_volume: 0.5 })
    t.match(sell, { is_buy: false, query_volume: 0.5 })
    t.ok((buy.result_price ?? 0) > (sell.result_price ?? 0))

    const average = await ask('vwap-for-volume', { side: 'BUY', volume: 0.5 })
    t.match(average, { ...unused, query_volume: 0.5, result_volume: 0.5, average_price: Number })

    const limit = (buy.result_price ?? 0) * 1.01
    const volume = await ask('volume-for-price', { is_buy: true, price: limit })
    t.match(volume, { ...unused, query_price: limit, result_price: Number, result_volume: Number })
    t.ok((volume.result_price ?? 0) <= limit)

    const quote = await ask('quote-volume-for-price', { is_buy: true, price: limit })
    t.match(quote, { ...unused, query_price: limit, result_price: Number, result_quote_volume: Number })

    const reached = await ask('price-for-quote-volume', { is_buy: true, quote_volume: 1000 })
    t.match(reached, { ...unused, result_price: Number, result_quote_volume: 1000 })
  })

  await t.test('a book too thin gives null, and what there is', async (t) => {
    const thin = await ask('price-for-volume', { is_buy: true, volume: 1e12 })
    t.match(thin, { ...unused, query_volume: 1e12, result_price: null, result_volume: Number })
    t.ok((thin.result_volume ?? 0) < 1e12)
    t.match(await ask('vwap-for-volume', { is_buy: false, volume: 1e12 }), { average_price: null })
    t.match(await ask('price-for-quote-volume', { is_buy: true, quote_volume: 1e300 }), { result_price: null })
    t.match(await ask('volume-for-price', { is_buy: true, price: 0.01 }), { ...unused, query_price: 0.01 })
    t.match(await ask('quote-volume-for-price', { is_buy: false, price: 1e9 }), { ...unused, query_price: 1e9 })
  })

  await t.test('queries nobody can answer', async (t) => {
    const path = '/market-data/order-book/price-for-volume'
    const asked = { connector_name: 'simulator', trading_pair: 'BTC-USDT', is_buy: true, volume: 1 }
    t.match(await post(path, { ...asked, trading_pair: 'NO-PE' }), { status: 404 })
    t.match(await post(path, { ...asked, connector_name: 'nope' }), {
      status: 404,
      body: { detail: 'Connector nope not found' },
    })
    t.match(await post(path, { ...asked, volume: -1 }), {
      status: 400,
      body: { detail: 'volume must be 0 or more, got -1' },
    })
    const { is_buy: _, ...sideless } = asked
    t.match(await post(path, sideless), {
      status: 422,
      body: { detail: [{ type: 'missing', loc: ['body', 'is_buy'] }] },
    })
    t.match(await post(path, { ...sideless, side: 'LONG' }), {
      status: 422,
      body: { detail: [{ type: 'missing' }, { type: 'literal_error', loc: ['body', 'side'], input: 'LONG' }] },
    })
  })
})
