import { createHmac } from 'node:crypto'
import {
  driftsPage,
  type OrderRow,
  orderHistory,
  ordersPage,
  placeOrderResponse,
  reconcileResponse,
  tradesPage,
} from '@colibri/contracts'
import t from 'tap'
import { z } from 'zod'
import { eventually, type TradingProcess, testBed } from '../test-bed.ts'

const settings = {
  RECONCILE_EVERY_MS: '2000',
  RECONCILE_GUARD_MS: '1000',
  ORDER_MISSING_FILLS_MS: '2000',
  ACCOUNT_LEASE_MS: '3000',
}
const bed = await testBed(t)
let trading = await bed.start(settings)
await bed.control('/price', { mode: 'pin', symbol: 'BTCUSDT', price: '50000' })
await bed.control('/price', { mode: 'pin', symbol: 'ETHUSDT', price: '3000' })

const spot = { account_name: 'master_account', connector_name: 'simulator' } as const
const futures = { account_name: 'master_account', connector_name: 'simulator_perpetual' } as const
const patience = 60_000

/** A signed request with the account's own key, past Colibri. */
const outside = async (method: string, path: string, params: Readonly<Record<string, string>>): Promise<unknown> => {
  const query = new URLSearchParams({ ...params, timestamp: String(Date.now()) }).toString()
  const signature = createHmac('sha256', 'test-secret').update(query).digest('hex')
  const url = `${bed.simulator.restUrl}${path}?${query}&signature=${signature}`
  const reply = await fetch(url, { method, headers: { 'x-mbx-apikey': 'test-key' } })
  if (!reply.ok) throw new Error(await reply.text())
  return reply.json()
}
const orderOutside = async (params: Readonly<Record<string, string>>, path = '/api/v3/order'): Promise<string> =>
  String(z.object({ orderId: z.number() }).parse(await outside('POST', path, params)).orderId)

const orders = async (from: TradingProcess = trading): Promise<readonly OrderRow[]> =>
  ordersPage.parse((await from.post('/trading/orders/search', { limit: 1000 })).body).data
const atVenue = (id: string) => async () => (await orders()).find((row) => row.exchange_order_id === id)
const drifts = async (filter = ''): Promise<z.infer<typeof driftsPage>['data']> =>
  driftsPage.parse((await trading.get(`/trading/drifts?limit=1000${filter}`)).body).data
const reconcile = async (place: object = spot) => {
  const reply = await trading.post('/trading/reconcile', place)
  if (reply.status !== 200) throw new Error(JSON.stringify(reply.body))
  return reconcileResponse.parse(reply.body).results
}
/** Reconciled until nothing is undecided any more. */
const settled = (place: object = spot) =>
  eventually(
    () => reconcile(place),
    (results) => results.every(({ outcome }) => outcome === 'agrees'),
    patience,
  )
const place = async (order: object): Promise<string> => {
  const reply = await trading.post('/trading/orders', order)
  if (reply.status !== 201) throw new Error(JSON.stringify(reply.body))
  return placeOrderResponse.parse(reply.body).order_id
}
const types = async (id: string): Promise<string[]> =>
  orderHistory.parse((await trading.get(`/trading/orders/${id}/events`)).body).map(({ type }) => type)

const btc = { ...spot, trading_pair: 'BTC-USDT' } as const

await t.test('an account that trades, and a venue that agrees: no drift', async (t) => {
  await settled()
  await place({ ...btc, trade_type: 'BUY', order_type: 'MARKET', amount: '0.01' })
  await place({ ...btc, trade_type: 'SELL', order_type: 'MARKET', amount: '0.004' })
  const resting = await place({ ...btc, trade_type: 'BUY', order_type: 'LIMIT', amount: '0.01', price: '1000' })
  t.equal((await trading.del(`/trading/orders/${resting}`)).status, 200)
  await settled()
  t.same(await drifts(), [])
})

await t.test('a limit order placed outside is seen, traded, and cancelled from here', async (t) => {
  const venueId = await orderOutside({
    symbol: 'BTCUSDT',
    side: 'BUY',
    type: 'LIMIT',
    timeInForce: 'GTC',
    quantity: '0.01',
    price: '49000',
    newClientOrderId: 'mine-from-the-phone',
  })
  const seen = await eventually(atVenue(venueId), (row) => row !== undefined, patience)
  const id = seen?.order_id ?? ''
  t.match(id, new RegExp(`^external-${venueId}-[0-9a-f]{12}$`))
  t.match(seen, {
    ...btc,
    trade_type: 'BUY',
    order_type: 'LIMIT',
    amount: 0.01,
    price: 49_000,
    status: 'OPEN',
    filled_amount: 0,
    error_message: null,
  })
  const active = ordersPage.parse((await trading.post('/trading/orders/active', {})).body).data
  t.ok(active.some((row) => row.order_id === id))
  const history = orderHistory.parse((await trading.get(`/trading/orders/${id}/events`)).body)
  t.same(
    history.map(({ type }) => type),
    ['OrderSubmitted', 'OrderAccepted'],
  )
  t.match(history[0]?.data, { external: { venueOrderId: venueId, clientOrderId: 'mine-from-the-phone' } })
  const [drift] = await drifts('&kind=external-order')
  t.match(drift, {
    ...spot,
    subject: id,
    trading_pair: 'BTC-USDT',
    ours: null,
    venue: 'BUY 0.01 LIMIT at 49000, open, 0 filled',
    repair: 'order-recorded',
  })
  t.equal(history[0]?.causation_id, drift?.drift_id)

  await bed.control('/trade', { symbol: 'BTCUSDT', price: '49000', quantity: '0.004', taker: 'SELL' })
  await eventually(atVenue(venueId), (row) => row?.filled_amount === 0.004, patience)
  const trades = tradesPage.parse((await trading.post('/trading/trades', { limit: 1000 })).body).data
  t.equal(trades.filter(({ order_id }) => order_id === id).length, 1)

  t.equal((await trading.post(`/trading/master_account/simulator/orders/${id}/cancel`)).status, 200)
  await eventually(atVenue(venueId), (row) => row?.status === 'CANCELLED', patience)
  const { orders: venueOrders } = await bed.ledger()
  t.equal(venueOrders.find(({ orderId }) => String(orderId) === venueId)?.status, 'CANCELED')
  await settled()
  t.equal((await drifts()).length, 1, 'its fill is no drift of a balance')
})

await t.test('a market order placed outside is recorded with its fills, each once', async (t) => {
  const venueId = await orderOutside({ symbol: 'BTCUSDT', side: 'SELL', type: 'MARKET', quantity: '0.003' })
  const row = await eventually(atVenue(venueId), (found) => found?.status === 'FILLED', patience)
  t.match(row, { trade_type: 'SELL', order_type: 'MARKET', amount: 0.003, filled_amount: 0.003, price: null })
  const fills = (await bed.ledger()).orders.find(({ orderId }) => String(orderId) === venueId)?.fills ?? []
  t.equal((await types(row?.order_id ?? '')).filter((type) => type === 'OrderFilled').length, fills.length)
  await settled()
  t.same(
    (await drifts()).map(({ kind }) => kind),
    ['external-order', 'external-order'],
  )
})

await t.test('a fill the stream never told of is found, and said', async (t) => {
  const id = await place({ ...btc, trade_type: 'BUY', order_type: 'LIMIT', amount: '0.01', price: '49000' })
  await bed.control('/faults', { on: 'fill', kind: 'lost-fill' })
  await bed.control('/trade', { symbol: 'BTCUSDT', price: '49000', quantity: '0.004', taker: 'SELL' })
  const found = await eventually(
    () => drifts('&kind=fill'),
    (all) => all.length > 0,
    patience,
  )
  t.match(found, [{ subject: id, ours: '0', venue: '0.004', difference: '0.004', repair: 'fills-recorded' }])
  t.equal((await orders()).find(({ order_id }) => order_id === id)?.filled_amount, 0.004)
  t.equal((await types(id)).filter((type) => type === 'OrderFilled').length, 1)

  // The venue ends it, and the stream breaks before it can say so.
  await bed.control('/faults', { on: 'cancel', kind: 'drop-websocket' })
  await outside('DELETE', '/api/v3/order', { symbol: 'BTCUSDT', origClientOrderId: id })
  const ended = await eventually(
    () => drifts('&kind=order'),
    (all) => all.length > 0,
    patience,
  )
  t.match(ended, [{ subject: id, ours: 'PARTIALLY_FILLED', venue: 'cancelled', repair: 'order-settled' }])
  t.equal((await orders()).find(({ order_id }) => order_id === id)?.status, 'CANCELLED')
  await settled()
})

await t.test('a deposit is a drift of the balance with both values, once', async (t) => {
  const before = (await drifts('&kind=balance')).length
  await bed.control('/deposit', { asset: 'USDT', amount: '1234.5' })
  const [drift] = await eventually(
    () => drifts('&kind=balance'),
    (all) => all.length > before,
    patience,
  )
  t.match(drift, { ...spot, subject: 'USDT', trading_pair: null, difference: '1234.5', repair: 'venue-taken' })
  t.equal(Number(drift?.venue) - Number(drift?.ours), 1234.5)
  await settled()
  await settled()
  t.equal((await drifts('&kind=balance')).length, before + 1)
})

await t.test('a venue that cannot be asked gets no verdict', async (t) => {
  const before = (await drifts()).length
  await bed.control('/faults', { on: 'account', kind: '500', times: null })
  await bed.control('/deposit', { asset: 'USDT', amount: '-1' })
  const [result] = await reconcile()
  t.match(result, { ...spot, outcome: 'no-verdict', drifts: [], reason: String })
  t.equal((await drifts()).length, before)
  await fetch(`${bed.simulator.controlUrl}/faults`, { method: 'DELETE' })
  await eventually(
    () => drifts(),
    (all) => all.length === before + 1,
    patience,
  )
  t.match((await drifts())[0], { kind: 'balance', subject: 'USDT', difference: '-1' })

  t.equal((await trading.post('/trading/reconcile', { account_name: 'nobody' })).status, 404)
  t.equal((await trading.post('/trading/reconcile', { ...spot, connector_name: 'kraken' })).status, 400)
})

await t.test('what happened while Colibri was away is found, through a crash, and is not said again', async (t) => {
  await settled()
  const before = (await drifts()).length
  await trading.kill()
  const limit = await orderOutside({
    symbol: 'BTCUSDT',
    side: 'BUY',
    type: 'LIMIT',
    timeInForce: 'GTC',
    quantity: '0.02',
    price: '20000',
  })
  // Nobody here has ever traded this pair.
  const market = await orderOutside({ symbol: 'ETHUSDT', side: 'BUY', type: 'MARKET', quantity: '0.1' })
  await bed.control('/deposit', { asset: 'BTC', amount: '0.5' })
  // It ends when the first drift is stored and not yet mended.
  const crashing = bed.launch({ ...settings, COLIBRI_FAILPOINT: 'drift-stored' })
  t.equal(await crashing.ended, 'SIGKILL')

  const launched = bed.launch(settings)
  trading = await launched.ready
  await eventually(
    () => drifts(),
    (all) => all.length >= before + 3,
    patience,
  )
  await settled()
  const fresh = (await drifts()).slice(0, -before)
  t.same(fresh.map(({ kind, subject }) => (kind === 'balance' ? subject : kind)).sort(), [
    'BTC',
    'external-order',
    'external-order',
  ])
  t.equal(fresh.find(({ kind }) => kind === 'balance')?.difference, '0.5')
  t.equal((await atVenue(limit)())?.status, 'OPEN')
  t.match(await atVenue(market)(), { status: 'FILLED', trading_pair: 'ETH-USDT' })

  const all = await drifts()
  const rows = await orders()
  launched.stop()
  await launched.ended
  trading = await bed.start(settings)
  await settled()
  t.same(await drifts(), all)
  t.equal((await orders()).length, rows.length)

  const paged: unknown[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page = driftsPage.parse((await trading.get(`/trading/drifts?limit=2&cursor=${cursor}`)).body)
    paged.push(...page.data)
    cursor = page.pagination.next_cursor
  }
  t.same(paged, all)
})

await t.test('perpetuals: positions are the sum of their fills, whoever made them', async (t) => {
  const keys = { simulator_perpetual_api_key: 'test-key', simulator_perpetual_api_secret: 'test-secret' }
  await bed.control('/price', { mode: 'pin', market: 'futures', symbol: 'BTCUSDT', price: '50000' })
  t.equal((await trading.post('/accounts/add-credential/master_account/simulator_perpetual', keys)).status, 201)
  await settled(futures)
  await place({ ...btc, ...futures, trade_type: 'BUY', order_type: 'MARKET', amount: '0.1' })
  await settled(futures)
  t.same(await drifts('&connector_name=simulator_perpetual'), [])

  // The stream is down while somebody else trades.
  await bed.control('/faults', { on: 'create', kind: 'drop-websocket' })
  const path = '/fapi/v1/order'
  const venueId = await orderOutside({ symbol: 'BTCUSDT', side: 'SELL', type: 'MARKET', quantity: '0.04' }, path)
  await eventually(atVenue(venueId), (row) => row?.status === 'FILLED', patience)
  await settled(futures)
  t.same(
    (await drifts('&connector_name=simulator_perpetual')).map(({ kind }) => kind),
    ['external-order'],
  )

  // A liquidation: no order tells of it.
  await bed.control('/position', { symbol: 'BTCUSDT', quantity: '-0.05', price: '50000' })
  const [drift] = await eventually(
    () => drifts('&kind=position'),
    (all) => all.length > 0,
    patience,
  )
  t.match(drift, {
    ...futures,
    subject: 'BOTH',
    trading_pair: 'BTC-USDT',
    ours: '0.06',
    venue: '0.01',
    difference: '-0.05',
    repair: 'venue-taken',
  })
  await settled(futures)
  t.equal((await drifts('&kind=position')).length, 1)
  await bed.control('/deposit', { market: 'futures', asset: 'USDT', amount: '5000' })
  const [deposit] = await eventually(
    () => drifts('&kind=balance&connector_name=simulator_perpetual'),
    (all) => all.length > 0,
    patience,
  )
  t.equal(Math.round(Number(deposit?.difference)), 5_000)

  const { body: metrics } = await trading.get('/metrics')
  t.match(metrics, /colibri_drifts_total\{[^}]*kind="position"[^}]*\} 1/)
})
