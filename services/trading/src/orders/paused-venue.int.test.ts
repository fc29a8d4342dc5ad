import { orderHistory, ordersPage } from '@colibri/contracts'
import t from 'tap'
import { z } from 'zod'
import { eventually, type TradingProcess, testBed } from '../test-bed.ts'

const body = {
  account_name: 'master_account',
  connector_name: 'simulator',
  trading_pair: 'BTC-USDT',
  trade_type: 'BUY',
  amount: '0.01',
  order_type: 'LIMIT',
  price: '1000',
} as const

const orders = async (trading: TradingProcess) =>
  ordersPage.parse((await trading.post('/trading/orders/search', { limit: 1000 })).body).data
const place = async (trading: TradingProcess): Promise<string> => {
  const placed = await trading.post('/trading/orders', body)
  if (placed.status !== 201) throw new Error(`${placed.status}: ${JSON.stringify(placed.body)}`)
  return z.object({ order_id: z.string() }).parse(placed.body).order_id
}
const types = async (trading: TradingProcess, id: string): Promise<string[]> =>
  orderHistory.parse((await trading.get(`/trading/orders/${id}/events`)).body).map(({ type }) => type)

t.test('a ban is no word on any order: nothing new is stored, and a wish to cancel waits for its end', async (t) => {
  const bed = await testBed(t)
  const trading = await bed.start()
  const open = await place(trading)
  await eventually(
    () => orders(trading),
    ([one]) => one?.status === 'OPEN',
  )

  await bed.control('/faults', { on: 'cancel', kind: '418', retryAfter: '3' })
  t.equal((await trading.del(`/trading/orders/${open}`)).status, 200)
  await eventually(
    () => types(trading, open),
    (history) => history.includes('OrderCancelUnknown'),
  )
  const refused = await trading.post('/trading/orders', body)
  t.equal(refused.status, 503)
  t.match(refused.body, {
    detail: /^simulator has banned this address until 20\d\d-.*Z: the order was not sent$/,
  })
  const requests = (await bed.ledger()).requests.length
  const stored = (await orders(trading)).length
  t.equal(stored, requests, 'an order that was not sent is not there')
  t.equal((await trading.post('/trading/orders', body)).status, 503)
  t.equal((await orders(trading)).length, stored)

  await eventually(
    () => orders(trading),
    (all) => all.find(({ order_id }) => order_id === open)?.status === 'CANCELLED',
  )
  const history = await types(trading, open)
  t.same(history.slice(0, 4), ['OrderSubmitted', 'OrderAccepted', 'OrderCancelRequested', 'OrderCancelUnknown'])
  t.notOk(history.includes('OrderCancelRejected'))
  // The wish to cancel may be through a moment before the ban is over for orders too.
  const placed = await eventually(
    () => trading.post('/trading/orders', body),
    ({ status }) => status === 201,
  )
  const { order_id: again } = z.object({ order_id: z.string() }).parse(placed.body)
  await eventually(
    () => orders(trading),
    (all) => all.find(({ order_id }) => order_id === again)?.status === 'OPEN',
  )
  t.ok((await bed.ledger()).requests.every(({ count }) => count === 1))
})

t.test('an order that is itself refused with 429 is certainly not at the venue, and is not sent again', async (t) => {
  const bed = await testBed(t)
  const trading = await bed.start()
  const first = await place(trading)
  await eventually(
    () => orders(trading),
    ([one]) => one?.status === 'OPEN',
  )
  await bed.control('/faults', { on: 'create', kind: '429', retryAfter: '1' })
  const second = await place(trading)
  const all = await eventually(
    () => orders(trading),
    (found) => found.find(({ order_id }) => order_id === second)?.status === 'FAILED',
  )
  t.match(all.find(({ order_id }) => order_id === second)?.error_message, /429/)
  t.same(await types(trading, second), ['OrderSubmitted', 'OrderRejected'])
  const third = await eventually(
    () => trading.post('/trading/orders', body),
    ({ status }) => status === 201,
  )
  t.equal(third.status, 201, 'when the second is over orders go out again')
  const { requests, orders: accepted } = await bed.ledger()
  t.ok(requests.every(({ count }) => count === 1))
  t.notOk(accepted.some(({ clientOrderId }) => clientOrderId === second))
  t.ok(accepted.some(({ clientOrderId }) => clientOrderId === first))
})
