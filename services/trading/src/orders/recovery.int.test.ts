import { randomUUID } from 'node:crypto'
import { orderHistory, ordersPage } from '@colibri/contracts'
import t from 'tap'
import { eventually, type TestBed, type TradingProcess, testBed } from '../test-bed.ts'

const body = {
  account_name: 'master_account',
  connector_name: 'simulator',
  trading_pair: 'BTC-USDT',
  trade_type: 'BUY',
  amount: '0.01',
  order_type: 'LIMIT',
  price: '1000',
} as const
const grace = { ORDER_ABSENT_GRACE_MS: '1000' }

const orders = async (trading: TradingProcess) =>
  ordersPage.parse((await trading.post('/trading/orders/search', { limit: 1000 })).body).data
/** How often the venue was asked for `path`. */
const asked = async (bed: TestBed, path: string): Promise<number> => {
  const requests = await (await fetch(`${bed.simulator.controlUrl}/requests`)).json()
  return (requests as { path: string }[]).filter((request) => request.path === path).length
}
const types = async (trading: TradingProcess, id: string): Promise<string[]> =>
  orderHistory.parse((await trading.get(`/trading/orders/${id}/events`)).body).map(({ type }) => type)

t.test('a crash between the intent and the venue: the order is never sent, and ends as failed', async (t) => {
  const bed = await testBed(t)
  const crashing = await bed.start({ COLIBRI_FAILPOINT: 'order-stored' })
  await t.rejects(crashing.post('/trading/orders', body))
  t.equal(await crashing.ended, 'SIGKILL')
  t.same((await bed.ledger()).requests, [])

  const trading = await bed.start(grace)
  const [order] = await eventually(
    () => orders(trading),
    ([one]) => one?.status === 'FAILED',
  )
  // Twice for the order; the account's stream and reconciliation read it once each as they begin.
  const [looks, lists] = [await asked(bed, '/api/v3/order'), await asked(bed, '/api/v3/myTrades')]
  t.ok(looks > 2 && lists <= 4, `the long list of fills was read ${lists} times in ${looks} looks`)
  t.match(order?.error_message, /never reached it and was not repeated/)
  t.same(await types(trading, order?.order_id ?? ''), ['OrderSubmitted', 'OrderOutcomeUnknown', 'OrderRejected'])
  t.same((await bed.ledger()).requests, [])
})

t.test('a crash between the venue and the outcome: the order is found again before the service is ready', async (t) => {
  const bed = await testBed(t)
  const crashing = await bed.start({ COLIBRI_FAILPOINT: 'order-sent' })
  await t.rejects(crashing.post('/trading/orders', body))
  t.equal(await crashing.ended, 'SIGKILL')
  const [request] = (await bed.ledger()).requests
  t.match(request, { count: 1, accepted: 1 })

  const trading = await bed.start(grace)
  const id = request?.clientOrderId ?? ''
  const [order] = await eventually(
    () => orders(trading),
    ([one]) => one?.status === 'OPEN',
  )
  t.equal(order?.order_id, id)
  t.same(await types(trading, id), ['OrderSubmitted', 'OrderOutcomeUnknown', 'OrderAccepted'])
  t.same(
    (await bed.ledger()).requests.map(({ count }) => count),
    [1],
  )
})

t.test('a fill and a cancel missed while the service was down are found', async (t) => {
  const bed = await testBed(t)
  await bed.control('/price', { mode: 'pin', symbol: 'BTCUSDT', price: '50000' })
  const first = await bed.start(grace)
  await first.post('/trading/orders', { ...body, price: '49000' })
  await first.kill()
  await bed.control('/price', { mode: 'pin', symbol: 'BTCUSDT', price: '48000' })
  const trading = await bed.start(grace)
  const [order] = await eventually(
    () => orders(trading),
    ([one]) => one?.status === 'FILLED',
  )
  t.equal(order?.filled_amount, 0.01)
})

t.test('an unreachable venue holds up neither the start nor other orders', async (t) => {
  const bed = await testBed(t)
  const first = await bed.start(grace)
  await first.post('/trading/orders', body)
  t.equal((await orders(first))[0]?.status, 'OPEN')
  await first.kill()
  const trading = await bed.start({
    ...grace,
    SIMULATOR_REST_URL: 'http://127.0.0.1:9',
    SIMULATOR_WS_URL: 'ws://127.0.0.1:9',
  })
  t.equal((await orders(trading))[0]?.status, 'OPEN')
  await trading.kill()
  const back = await bed.start(grace)
  t.equal((await orders(back))[0]?.status, 'OPEN')
  t.same(
    (await bed.ledger()).requests.map(({ count }) => count),
    [1],
  )
})

t.test('ambiguous creates: at most one venue order for each intent, and all are resolved', async (t) => {
  const bed = await testBed(t)
  const trading = await bed.start(grace)
  for (const kind of ['accept-then-timeout', '500-after-accept', '500', 'drop-connection', 'garbage']) {
    await bed.control('/faults', { on: 'create', kind, times: null, probability: 0.2, delayMs: 0 })
  }
  /** As a careful client does it: a 503 is repeated under the same key. */
  const place = async (): Promise<void> => {
    const key = { 'idempotency-key': randomUUID() }
    await eventually(
      () => trading.post('/trading/orders', body, key),
      ({ status }) => status === 201,
      60_000,
    )
  }
  for (let batch = 0; batch < 10; batch += 1) await Promise.all(Array.from({ length: 10 }, place))
  const settled = await eventually(
    () => orders(trading),
    (all) => all.every(({ status }) => status === 'OPEN' || status === 'FAILED'),
    60_000,
  )
  const { requests, orders: atVenue } = await bed.ledger()
  t.equal(settled.length, 100)
  t.same(
    requests.filter(({ count, accepted }) => count > 1 || accepted > 1),
    [],
  )
  t.same(
    settled
      .filter(({ status }) => status === 'OPEN')
      .map(({ order_id }) => order_id)
      .sort(),
    atVenue.map(({ clientOrderId }) => clientOrderId).sort(),
  )
})
