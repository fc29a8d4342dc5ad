import { createHmac } from 'node:crypto'
import { orderHistory, ordersPage, placeOrderResponse } from '@colibri/contracts'
import t from 'tap'
import { z } from 'zod'
import { eventually, type TestBed, type TradingProcess, testBed } from '../test-bed.ts'

const market = {
  account_name: 'master_account',
  connector_name: 'simulator_perpetual',
  trading_pair: 'BTC-USDT',
  order_type: 'MARKET',
  amount: '0.010',
} as const
const buy = { ...market, trade_type: 'BUY' } as const
const sell = { ...market, trade_type: 'SELL' } as const
const close = { position_action: 'CLOSE' } as const
const grace = { ORDER_ABSENT_GRACE_MS: '1000' }
const price = { mode: 'pin', market: 'futures', symbol: 'BTCUSDT', price: '50000' } as const
/** Lots of the instrument are thousandths. */
const lot = 1_000

const place = async (trading: TradingProcess, order: object): Promise<string> => {
  const reply = await trading.post('/trading/orders', order)
  if (reply.status !== 201) throw new Error(JSON.stringify(reply.body))
  return placeOrderResponse.parse(reply.body).order_id
}
const orders = async (trading: TradingProcess) =>
  ordersPage.parse((await trading.post('/trading/orders/search', { limit: 1000 })).body).data
const ended = (trading: TradingProcess, id: string) =>
  eventually(
    async () => (await orders(trading)).find(({ order_id }) => order_id === id),
    (order) => order !== undefined && ['FILLED', 'CANCELLED', 'FAILED'].includes(order.status),
    40_000,
  )
/** Whether the outcome was unknown for a moment depends on whether the stream was faster than the reply's failure. */
const types = async (trading: TradingProcess, id: string): Promise<string[]> =>
  orderHistory
    .parse((await trading.get(`/trading/orders/${id}/events`)).body)
    .map(({ type }) => type)
    .filter((type) => type !== 'OrderOutcomeUnknown')

const account = z.object({
  accounts: z.object({ default: z.object({ positions: z.array(z.object({ side: z.string(), lots: z.number() })) }) }),
})
/** What the exchange says is held, in base units by side. */
const held = async ({ simulator }: TestBed): Promise<Record<string, number>> => {
  const { accounts } = account.parse(await (await fetch(`${simulator.controlUrl}/ledger`)).json())
  return Object.fromEntries(accounts.default.positions.flatMap(({ side, lots }) => (lots ? [[side, lots / lot]] : [])))
}
const counts = async (bed: TestBed): Promise<number[]> => (await bed.ledger()).requests.map(({ count }) => count)

const hedge = async ({ simulator }: TestBed): Promise<void> => {
  const query = `dualSidePosition=true&timestamp=${Date.now()}`
  const signature = createHmac('sha256', 'test-secret').update(query).digest('hex')
  const url = `${simulator.restUrl}/fapi/v1/positionSide/dual?${query}&signature=${signature}`
  const reply = await fetch(url, { method: 'POST', headers: { 'x-mbx-apikey': 'test-key' } })
  if (!reply.ok) throw new Error(await reply.text())
}

t.test('one-way: opened, reduced, closed; a close never opens the other side', async (t) => {
  const bed = await testBed(t)
  await bed.control('/price', price)
  const trading = await bed.start(grace)
  const opened = await place(trading, { ...buy, amount: '0.030' })
  t.match(opened, /^CLBBBCUT[0-9a-f]{24}$/)
  t.match(await ended(trading, opened), { status: 'FILLED', filled_amount: 0.03, fee_currency: 'USDT' })
  t.same(await held(bed), { BOTH: 0.03 })

  const reduced = await place(trading, { ...sell, ...close, amount: '0.012' })
  t.match(await ended(trading, reduced), { status: 'FILLED', filled_amount: 0.012 })
  t.same(await held(bed), { BOTH: 0.018 })

  // More than is left: the exchange sells what there is and no more, and the rest of the order is over.
  const closed = await place(trading, { ...sell, ...close, amount: '0.050' })
  const order = await ended(trading, closed)
  t.match(order, { status: 'CANCELLED', filled_amount: 0.018 })
  t.same(await held(bed), {})
  t.same((await types(trading, closed)).slice(-1), ['OrderCancelled'])

  const nothing = await place(trading, { ...sell, ...close })
  t.match(await ended(trading, nothing), { status: 'FAILED', error_message: /ReduceOnly/ })
  t.same(await held(bed), {})

  const resting = await place(trading, { ...buy, order_type: 'LIMIT', price: '40000' })
  const path = `/trading/master_account/simulator_perpetual/orders/${resting}/cancel`
  t.equal((await trading.post(path)).status, 200)
  t.match(await ended(trading, resting), { status: 'CANCELLED', filled_amount: 0 })
  t.same(await counts(bed), [1, 1, 1, 1, 1])
})

t.test('hedge: long and short stand apart, and each is closed by its own orders', async (t) => {
  const bed = await testBed(t)
  await bed.control('/price', price)
  await hedge(bed)
  const trading = await bed.start(grace)
  const [long, short] = await Promise.all([place(trading, { ...buy, amount: '0.030' }), place(trading, sell)])
  t.match(long, /^CLBBBCUT/)
  t.match(short, /^CLBSBCUT/)
  for (const id of [long, short]) t.match(await ended(trading, id), { status: 'FILLED' })
  t.same(await held(bed), { LONG: 0.03, SHORT: -0.01 })

  const ids = await Promise.all([
    place(trading, { ...sell, ...close, amount: '0.020' }),
    place(trading, { ...buy, ...close }),
  ])
  for (const id of ids) t.match(await ended(trading, id), { status: 'FILLED' })
  t.same(await held(bed), { LONG: 0.01 })
  t.match(await ended(trading, await place(trading, { ...buy, ...close })), { status: 'FAILED' })
  t.same(await held(bed), { LONG: 0.01 })
  t.equal(new Set((await bed.ledger()).requests.map(({ clientOrderId }) => clientOrderId)).size, 5)
})

t.test('unknown outcomes: at most one order each, and the position is what the orders say', async (t) => {
  const bed = await testBed(t)
  await bed.control('/price', price)
  const trading = await bed.start(grace)
  const taken: string[] = []
  for (const kind of ['accept-then-timeout', '500-after-accept', 'garbage']) {
    await bed.control('/faults', { on: 'create', market: 'futures', kind, delayMs: 50 })
    taken.push(await place(trading, buy))
  }
  for (const id of taken) {
    t.match(await ended(trading, id), { status: 'FILLED', filled_amount: 0.01 })
    t.same(await types(trading, id), ['OrderSubmitted', 'OrderAccepted', 'OrderFilled'])
  }
  t.same(await held(bed), { BOTH: 0.03 })

  await bed.control('/faults', { on: 'create', market: 'futures', kind: 'drop-connection' })
  const lost = await place(trading, { ...sell, ...close })
  t.match(await ended(trading, lost), { status: 'FAILED', error_message: /never reached it and was not repeated/ })
  await bed.control('/faults', { on: 'create', market: 'futures', kind: '500-after-accept' })
  const closed = await place(trading, { ...sell, ...close, amount: '0.030' })
  t.match(await ended(trading, closed), { status: 'FILLED', filled_amount: 0.03 })
  t.same(await held(bed), {})
  t.same(await counts(bed), [1, 1, 1, 1])
})

t.test('a crash after the close was sent: it is found filled, and is not sent again', async (t) => {
  const bed = await testBed(t)
  await bed.control('/price', price)
  const first = await bed.start(grace)
  await ended(first, await place(first, buy))
  await first.kill()

  const crashing = await bed.start({ COLIBRI_FAILPOINT: 'order-sent' })
  await t.rejects(crashing.post('/trading/orders', { ...sell, ...close }))
  t.equal(await crashing.ended, 'SIGKILL')
  t.same(await held(bed), {})

  const trading = await bed.start(grace)
  const id = (await bed.ledger()).requests.at(-1)?.clientOrderId ?? ''
  t.match(await ended(trading, id), { status: 'FILLED', filled_amount: 0.01 })
  t.same(await types(trading, id), ['OrderSubmitted', 'OrderAccepted', 'OrderFilled'])
  t.same(await counts(bed), [1, 1])
  t.same(await held(bed), {})
})

t.test('a crash before the close was sent: it never is, and the position stands', async (t) => {
  const bed = await testBed(t)
  await bed.control('/price', price)
  const first = await bed.start(grace)
  await ended(first, await place(first, buy))
  await first.kill()

  const crashing = await bed.start({ COLIBRI_FAILPOINT: 'order-stored' })
  await t.rejects(crashing.post('/trading/orders', { ...sell, ...close }))
  t.equal(await crashing.ended, 'SIGKILL')

  const trading = await bed.start(grace)
  const [order] = await eventually(
    async () => (await orders(trading)).filter(({ trade_type }) => trade_type === 'SELL'),
    ([one]) => one?.status === 'FAILED',
    40_000,
  )
  t.match(order?.error_message, /never reached it and was not repeated/)
  t.same(await counts(bed), [1])
  t.same(await held(bed), { BOTH: 0.01 })
})
