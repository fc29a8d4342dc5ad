import { request } from 'node:http'
import { candlesRangeReply, rpcError } from '@colibri/contracts'
import { contractProblems, startedService, testSimulator } from '@colibri/testkit'
import t from 'tap'
import { z } from 'zod'
import { marketData } from '../testing/market-data.ts'
import { countingProxy } from './testing/counting-proxy.ts'

const START = Date.UTC(2024, 2, 1) / 1000
const HOUR = 3_600
const rowsSchema = z.array(z.object({ timestamp: z.number() }).catchall(z.number()))

t.test('the routes of candles', async (t) => {
  const simulator = await testSimulator(t)
  const venueSide = await countingProxy(simulator.restUrl)
  t.teardown(() => venueSide.close())
  const { get, post, rpc, url, edgeHeaders } = await startedService(t, {
    ...marketData,
    env: {
      SIMULATOR_REST_URL: venueSide.url,
      SIMULATOR_WS_URL: simulator.wsUrl,
      MARKET_DATA_CANDLES_READY_TIMEOUT: '3',
    },
  })
  const asked = { connector_name: 'simulator', trading_pair: 'BTC-USDT', interval: '1h' }
  const historical = async (body: object) => {
    const reply = await post('/market-data/historical-candles', { ...asked, ...body })
    return { status: reply.status, body: reply.body }
  }
  /** Reads the beginning of an answer and goes. */
  const leave = (body: object) =>
    new Promise<void>((resolve, reject) => {
      const headers = { ...edgeHeaders, 'content-type': 'application/json' }
      const sent = request(`${url}/market-data/historical-candles`, { method: 'POST', headers }, (reply) =>
        reply.once('data', () => {
          reply.destroy()
          resolve()
        }),
      )
      sent.on('error', reject)
      sent.end(JSON.stringify(body))
    })
  const refusal = async (body: object) => {
    const { status, body: said } = await historical(body)
    return [status, z.object({ detail: z.unknown() }).parse(said).detail]
  }

  await t.test('historical candles, both ends included', async (t) => {
    const { status, body } = await historical({ start_time: START, end_time: START + 30 * HOUR })
    t.equal(status, 200)
    t.same(contractProblems('post', '/market-data/historical-candles', body), [])
    t.same(
      rowsSchema.parse(body).map(({ timestamp }) => timestamp),
      Array.from({ length: 31 }, (_, index) => START + index * HOUR),
    )
    const before = venueSide.asked.length
    t.same((await historical({ start_time: START + 1, end_time: START + 2 * HOUR + 1 })).body, [
      ...rowsSchema.parse(body).slice(1, 3),
    ])
    t.equal(venueSide.asked.length, before, 'from the store')
  })

  await t.test('the newest candles grow with the stream, and REST is not asked', async (t) => {
    const newest = async (max_records: number) => {
      const reply = await post('/market-data/candles', { ...asked, interval: '1m', max_records })
      t.equal(reply.status, 200, `status of ${max_records} rows`)
      return rowsSchema.parse(reply.body)
    }
    t.equal((await newest(5)).length, 5)
    t.equal((await newest(700)).length, 700, 'a small request does not limit a later big one')
    // Trades come about once a second; the stream is told of them.
    const trades = async () => (await newest(2)).reduce((sum, row) => sum + (row.n_trades ?? 0), 0)
    const deadline = Date.now() + 60_000
    let quiet = 0
    for (let seen = await trades(); quiet < 3 && Date.now() < deadline; ) {
      const before = venueSide.asked.length
      await new Promise((resolve) => setTimeout(resolve, 1_200))
      const now = await trades()
      if (now !== seen && venueSide.asked.length === before) quiet++
      seen = now
    }
    t.equal(quiet, 3, 'rows changed while REST was not asked')
  })

  await t.test('the older forms of the request', async (t) => {
    const many = await post('/market-data/candles', {
      connector_name: 'simulator',
      trading_pairs: ['BTC-USDT', 'ETH-USDT'],
      intervals: ['1m', '5m'],
      max_records: 3,
    })
    t.equal(many.status, 200)
    const series = z.record(z.string(), z.record(z.string(), rowsSchema)).parse(many.body)
    t.same(Object.keys(series), ['BTC-USDT', 'ETH-USDT'])
    for (const byInterval of Object.values(series)) {
      t.same(Object.keys(byInterval), ['1m', '5m'])
      for (const rows of Object.values(byInterval)) t.equal(rows.length, 3)
    }
    const one = await get('/market-data/candles/ETH-USDT?connector_name=simulator&interval=5m&max_records=4')
    t.equal(one.status, 200)
    t.equal(rowsSchema.parse(one.body).length, 4)
    t.match(await get('/market-data/candles/ETH-USDT'), {
      status: 422,
      body: { detail: [{ type: 'missing', loc: ['query', 'connector_name'] }] },
    })
    t.match(await post('/market-data/candles', { connector_name: 'simulator', trading_pairs: [] }), {
      status: 422,
      body: { detail: [{ type: 'too_short', loc: ['body', 'trading_pairs'] }] },
    })
    t.match(await post('/market-data/candles', { connector_name: 'simulator', trading_pairs: ['BTC-USDT', 'NO-PE'] }), {
      status: 400,
      body: { detail: /^Trading pair 'NO-PE' appears to be invalid on 'simulator': / },
    })
  })

  await t.test('every interval, live and from the past alike', async (t) => {
    for (const interval of '1s 1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 3d 1w 1M'.split(' ')) {
      const live = await post('/market-data/candles', { ...asked, trading_pair: 'BNB-USDT', interval, max_records: 4 })
      t.equal(live.status, 200, interval)
      const closed = rowsSchema.parse(live.body).slice(0, -1)
      t.equal(closed.length, 3)
      const past = await historical({
        trading_pair: 'BNB-USDT',
        interval,
        start_time: closed[0]?.timestamp,
        end_time: closed.at(-1)?.timestamp,
      })
      t.same(past.body, closed, interval)
    }
  })

  await t.test('clients that leave in the middle take no connection with them', async (t) => {
    const range = { ...asked, interval: '1m', start_time: START, end_time: START + 20_000 * 60 }
    const whole = rowsSchema.parse((await historical(range)).body)
    t.ok(
      whole.length === 20_001 && whole.every(({ timestamp }, index) => timestamp === START + index * 60),
      'every row once, across the pages they are read in',
    )
    // More than the pool has.
    for (let n = 0; n < 40; n++) await leave(range)
    t.equal((await historical(range)).status, 200)
  })

  await t.test('what cannot be asked', async (t) => {
    const range = { start_time: START, end_time: START + HOUR }
    t.same(await refusal({ start_time: START + HOUR, end_time: START }), [
      400,
      `Invalid parameters: start_time ${START + HOUR} is after end_time ${START}`,
    ])
    t.same(await refusal({ start_time: START * 1000, end_time: START * 1000 }), [
      400,
      `Invalid parameters: start_time ${START * 1000} is too large; give seconds since 1970`,
    ])
    t.same(await refusal({ start_time: -1, end_time: START }), [
      400,
      'Invalid parameters: start_time -1 is negative; give seconds since 1970',
    ])
    t.same(await refusal({ ...range, interval: 'soon' }), [
      400,
      "Invalid parameters: 'soon' is no candle interval; give one like 5m, 1h or 1d",
    ])
    t.same(await refusal({ start_time: 0, end_time: START, interval: '1s' }), [
      400,
      `Invalid parameters: the range holds ${START} candles of 1s; at most 1100000 are answered`,
    ])
    t.match(await refusal({ ...range, interval: '7m' }), [400, /^Unsupported interval '7m' for 'simulator'/])
    t.match(await refusal({ ...range, connector_name: 'nope' }), [400, /^Unsupported connector 'nope'/])
    t.same(await refusal({ ...range, trading_pair: 'BTCUSDT' }), [
      400,
      "Invalid trading pair format 'BTCUSDT'. Expected format: BASE-QUOTE (e.g., BTC-USDT)",
    ])
    for (const name of ['trading_pair', 'connector_name'])
      t.match(await refusal({ ...range, [name]: 'A-\u0000' }), [422, [{ loc: ['body', name], type: 'value_error' }]])
    t.match(await refusal({ ...range, trading_pair: 'NO-PE' }), [
      400,
      /^Trading pair 'NO-PE' appears to be invalid on 'simulator': /,
    ])
    const later = Math.floor(Date.now() / 1000) + 10 * HOUR
    t.same(await refusal({ start_time: later, end_time: later + HOUR }), [404, 'No historical data available'])
    t.same(await refusal({ start_time: HOUR, end_time: 9 * HOUR }), [404, 'No historical data available'])
    t.match(await refusal({ start_time: 'x' }), [
      422,
      [
        { type: 'int_parsing', loc: ['body', 'start_time'] },
        { type: 'missing', loc: ['body', 'end_time'] },
      ],
    ])
  })

  await t.test('other services read candles in pages', async (t) => {
    const key = { connectorName: 'simulator', tradingPair: 'ETH-USDT', interval: '1m' }
    const [from, to] = [START * 1000, (START + 9_000 * 60) * 1000]
    const times: number[] = []
    let pages = 0
    for (let next: number | null = from; next !== null; pages++) {
      const reply = candlesRangeReply.parse(await rpc('candles', { ...key, from: next, to }))
      times.push(...reply.rows.map(([time]) => time))
      next = reply.next
    }
    t.equal(pages, 3)
    t.same(
      times,
      Array.from({ length: 9_000 }, (_, index) => from + index * 60_000),
    )
    const newest = candlesRangeReply.parse(
      await rpc('candles', { ...key, from: Date.now() - 300_000, to: Date.now() + 60_000 }),
    )
    t.ok(
      newest.rows.every(([time]) => time + 60_000 <= Date.now()),
      'closed candles alone',
    )
    const refused = async (request: object) => rpcError.parse(await rpc('candles', request)).error
    t.match(await refused({ ...key, tradingPair: 'NO-PE', from, to }), { kind: 'invalid' })
    t.match(await refused({ ...key, connectorName: 'nope', from, to }), { kind: 'not-found' })
    t.match(await refused({ ...key, from: -1, to }), { kind: 'invalid' })
  })

  await t.test('a venue that is gone', async (t) => {
    venueSide.fault = 503
    const stored = await historical({ start_time: START, end_time: START + 30 * HOUR })
    t.equal(rowsSchema.parse(stored.body).length, 31)
    t.match(await refusal({ start_time: START, end_time: START + 2_000 * HOUR }), [
      503,
      /^simulator: .*\. Stored: .*2024-03-01T00:00:00Z to 2024-03-02T07:00:00Z \(ends are not included\)$/,
    ])
    t.match(
      rpcError.parse(
        await rpc('candles', {
          connectorName: 'simulator',
          tradingPair: 'BTC-USDT',
          interval: '1h',
          from: START * 1000,
          to: (START + 2_000 * HOUR) * 1000,
        }),
      ).error,
      {
        kind: 'invalid',
        message: /^1h candles of BTC-USDT on simulator are missing for 2024-03-02T07:00:00Z to .*Stored: .*2024-03-01/,
      },
    )
    venueSide.fault = 'silence'
    t.match(await refusal({ trading_pair: 'ADA-USDT', start_time: START, end_time: START + HOUR }), [
      504,
      'Candle feed for simulator ADA-USDT did not become ready within 3s. The trading pair may not exist on this exchange.',
    ])
    venueSide.fault = null
  })
})
