import { orderHistory, ordersPage, placeOrderResponse } from '@colibri/contracts'
import t, { type Test } from 'tap'
import { eventually, type TestBed, type TradingProcess, testBed } from '../test-bed.ts'

const limit = {
  account_name: 'master_account',
  connector_name: 'simulator',
  trading_pair: 'BTC-USDT',
  trade_type: 'BUY',
  amount: '0.01',
  order_type: 'LIMIT',
  price: '49000',
} as const

const found = async (trading: TradingProcess, id: string) =>
  ordersPage
    .parse((await trading.post('/trading/orders/search', { limit: 1000 })).body)
    .data.find(({ order_id }) => order_id === id)
const types = async (trading: TradingProcess, id: string): Promise<string[]> =>
  orderHistory.parse((await trading.get(`/trading/orders/${id}/events`)).body).map(({ type }) => type)

/**
 * An order that traded a part and was cancelled, while neither the stream nor the list of fills told of the part: the stream
 * never will, the list does after a while.
 */
const cancelledWithHiddenFill = async (t: Test, bed: TestBed, trading: TradingProcess): Promise<string> => {
  await bed.control('/price', { mode: 'pin', symbol: 'BTCUSDT', price: '50000' })
  const { order_id: id } = placeOrderResponse.parse((await trading.post('/trading/orders', limit)).body)
  await bed.control('/faults', { on: 'fill', kind: 'late-lost-fill', delayMs: 20_000 })
  await bed.control('/trade', { symbol: 'BTCUSDT', price: '49000', quantity: '0.004', taker: 'SELL' })
  t.equal((await trading.post(`/trading/master_account/simulator/orders/${id}/cancel`)).status, 200)
  await eventually(
    () => found(trading, id),
    (order) => order?.status === 'CANCELLED',
  )
  t.equal((await found(trading, id))?.filled_amount, 0)
  return id
}

t.test('a fill whose message was lost, listed after its order was cancelled, is found by comparing', async (t) => {
  const bed = await testBed(t)
  const trading = await bed.start({ ORDER_MISSING_FILLS_MS: '0' })
  const id = await cancelledWithHiddenFill(t, bed, trading)
  const order = await eventually(
    () => found(trading, id),
    (one) => one?.filled_amount !== 0,
    60_000,
  )
  t.match(order, { status: 'CANCELLED', filled_amount: 0.004, average_fill_price: 49_000 })
  t.same(await types(trading, id), [
    'OrderSubmitted',
    'OrderAccepted',
    'OrderCancelRequested',
    'OrderCancelled',
    'OrderFilled',
  ])
})

t.test('the same when the service was restarted in between', async (t) => {
  const bed = await testBed(t)
  const first = await bed.start({ ORDER_MISSING_FILLS_MS: '0' })
  const id = await cancelledWithHiddenFill(t, bed, first)
  await first.kill()
  const second = await bed.start()
  const order = await eventually(
    () => found(second, id),
    (one) => one?.filled_amount !== 0,
    60_000,
  )
  t.match(order, { status: 'CANCELLED', filled_amount: 0.004 })
})
