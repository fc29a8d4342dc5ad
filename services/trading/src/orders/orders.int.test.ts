import { orderHistory, ordersPage, placeOrderResponse, tradesPage } from '@colibri/contracts'
import t from 'tap'
import { Exact } from '../decimal.ts'
import { eventually, type Reply, type TradingProcess, testBed } from '../test-bed.ts'

const body = {
  account_name: 'master_account',
  connector_name: 'simulator',
  trading_pair: 'BTC-USDT',
  trade_type: 'BUY',
  amount: '0.0100',
  order_type: 'LIMIT',
  price: 1000,
} as const

const bed = await testBed(t, { known: ['simulator'] })
const trading = await bed.start()
await bed.control('/price', { mode: 'pin', symbol: 'BTCUSDT', price: '50000' })

const placed = async (process: TradingProcess, order: object, headers?: Record<string, string>): Promise<string> => {
  const reply = await process.post('/trading/orders', order, headers)
  if (reply.status !== 201) throw new Error(JSON.stringify(reply.body))
  return placeOrderResponse.parse(reply.body).order_id
}
const found = async (id: string) => {
  const { data } = ordersPage.parse((await trading.post('/trading/orders/search', {})).body)
  return data.find((order) => order.order_id === id)
}
const types = async (id: string): Promise<string[]> =>
  orderHistory.parse((await trading.get(`/trading/orders/${id}/events`)).body).map(({ type }) => type)

t.test('a limit order is acknowledged, shown at once, and cancelled', async (t) => {
  const reply = await trading.post('/trading/orders', body)
  t.equal(reply.status, 201)
  const { order_id: id, ...echo } = placeOrderResponse.parse(reply.body)
  t.match(id, /^CLBBBCUT[0-9a-f]{24}$/)
  t.same(echo, {
    account_name: 'master_account',
    connector_name: 'simulator',
    trading_pair: 'BTC-USDT',
    trade_type: 'BUY',
    amount: '0.0100',
    order_type: 'LIMIT',
    price: '1000',
    status: 'submitted',
  })
  const venueOrder = (await bed.ledger()).orders.find((order) => order.clientOrderId === id)
  const row = await found(id)
  t.match(row, {
    trade_type: 'BUY',
    order_type: 'LIMIT',
    amount: 0.01,
    price: 1000,
    status: 'OPEN',
    filled_amount: 0,
    average_fill_price: null,
    fee_paid: null,
    fee_currency: null,
    error_message: null,
    exchange_order_id: String(venueOrder?.orderId),
  })
  const active = ordersPage.parse((await trading.post('/trading/orders/active', {})).body)
  t.same(
    active.data.map((order) => order.order_id),
    [id],
  )

  const path = `/trading/master_account/simulator/orders/${id}/cancel`
  t.same(await trading.post(path), { status: 200, body: { message: `Order cancellation initiated for ${id}` } })
  await eventually(
    () => found(id),
    (order) => order?.status === 'CANCELLED',
  )
  t.same(await types(id), ['OrderSubmitted', 'OrderAccepted', 'OrderCancelRequested', 'OrderCancelled'])
  t.same(await trading.post(path), { status: 404, body: { detail: `Order '${id}' not found in active orders` } })
  t.equal((await bed.ledger()).orders.find((order) => order.clientOrderId === id)?.status, 'CANCELED')
})

t.test('a market order is filled; trades, sums and fees are the venue’s to the last digit', async (t) => {
  const id = await placed(trading, { ...body, order_type: 'MARKET', price: null, amount: 0.05 })
  const row = await eventually(
    () => found(id),
    (order) => order?.status === 'FILLED',
  )
  const venueOrder = (await bed.ledger()).orders.find((order) => order.clientOrderId === id)
  if (venueOrder === undefined) throw new Error('the venue has no such order')
  const { data } = tradesPage.parse((await trading.post('/trading/trades', {})).body)
  const trades = data.filter((trade) => trade.order_id === id)
  t.same(
    trades.map((trade) => [trade.trade_id, trade.amount, trade.price]).sort(),
    venueOrder.fills.map((fill) => [`${id}_${fill.tradeId}`, Number(fill.quantity), Number(fill.price)]).sort(),
  )
  const quote = venueOrder.fills.reduce(
    (sum, fill) => sum.plus(new Exact(fill.price).times(fill.quantity)),
    new Exact(0),
  )
  t.equal(row?.filled_amount, 0.05)
  t.equal(row?.average_fill_price, quote.div('0.05').toDecimalPlaces(18).toNumber())
  t.equal(row?.fee_currency, 'USDT')
  const fees = venueOrder.fills.reduce(
    (sum, fill) => sum.plus(fill.feeAsset === 'BTC' ? new Exact(fill.fee).times(fill.price) : fill.fee),
    new Exact(0),
  )
  t.equal(row?.fee_paid, fees.toNumber())
  t.equal((await types(id)).filter((type) => type === 'OrderFilled').length, venueOrder.fills.length)
})

t.test('duplicated, reordered and late fills are counted once', async (t) => {
  for (const kind of ['duplicate-fill', 'reorder-fills', 'late-fill', 'lost-fill']) {
    await bed.control('/faults', { on: 'fill', kind, times: 1, delayMs: 300 })
    const id = await placed(trading, { ...body, order_type: 'MARKET', price: null, amount: 0.02 })
    const row = await eventually(
      () => found(id),
      (order) => order?.status === 'FILLED',
    )
    t.equal(row?.filled_amount, 0.02, kind)
    const tradeIds = orderHistory
      .parse((await trading.get(`/trading/orders/${id}/events`)).body)
      .filter(({ type }) => type === 'OrderFilled')
      .map(({ data }) => data.tradeId)
    t.equal(new Set(tradeIds).size, tradeIds.length, kind)
  }
})

t.test('a refusal of the venue is a failed order with its words', async (t) => {
  const id = await placed(trading, { ...body, trade_type: 'SELL', amount: 1000, price: 60000 })
  const row = await found(id)
  t.equal(row?.status, 'FAILED')
  t.match(row?.error_message, /insufficient balance/i)
  t.same(await types(id), ['OrderSubmitted', 'OrderRejected'])
})

t.test('one Idempotency-Key is one order', async (t) => {
  const headers = { 'idempotency-key': 'first key' }
  const replies = await Promise.all([1, 2, 3].map(() => trading.post('/trading/orders', body, headers)))
  const again = await trading.post('/trading/orders', { ...body, amount: 0.01 }, headers)
  const [id, ...others] = [...replies, again].map(({ body: reply }) => placeOrderResponse.parse(reply).order_id)
  t.ok(others.every((other) => other === id))
  t.same(
    (await bed.ledger()).requests.filter((request) => request.clientOrderId === id).map(({ count }) => count),
    [1],
  )
  const refused = {
    status: 400,
    body: { detail: "Idempotency-Key 'first key' was already used for a different order" },
  }
  t.same(await trading.post('/trading/orders', { ...body, amount: 0.02 }, headers), refused)
  t.same(await trading.post('/trading/orders', { ...body, trade_type: 'SELL', price: 90000 }, headers), refused)
  t.same(await trading.post('/trading/orders', { ...body, trading_pair: 'ETH-USDT' }, headers), refused)
  t.same((await trading.del(`/trading/orders/${id}`)).status, 200)
})

t.test('pages of orders and trades are complete, in order and without repeats', async (t) => {
  const all = ordersPage.parse((await trading.post('/trading/orders/search', { limit: 1000 })).body)
  const paged: string[] = []
  let cursor: string | null = null
  do {
    const page = ordersPage.parse((await trading.post('/trading/orders/search', { limit: 2, cursor })).body)
    t.equal(page.pagination.total_count, all.data.length)
    paged.push(...page.data.map((order) => order.order_id))
    cursor = page.pagination.next_cursor
  } while (cursor !== null)
  t.same(
    paged,
    all.data.map((order) => order.order_id),
  )
  t.same(
    all.data.map((order) => order.created_at),
    all.data
      .map((order) => order.created_at)
      .sort()
      .reverse(),
  )
  const none = { data: [], pagination: { limit: 100, has_more: false, next_cursor: null, total_count: 0 } }
  for (const filter of [
    { account_names: ['nobody'] },
    { connector_names: ['binance'] },
    { trading_pairs: ['SOL-USDT'] },
    { status: 'garbage' },
    { end_time: 1_500_000_000 },
    { start_time: Date.now() + 60_000 },
  ]) {
    t.same((await trading.post('/trading/orders/search', filter)).body, none, JSON.stringify(filter))
  }
  t.same((await trading.post('/trading/trades', { trade_types: ['X'] })).body, none)
  const recent = ordersPage.parse(
    (await trading.post('/trading/orders/search', { start_time: Math.floor(Date.now() / 1000) - 600 })).body,
  )
  t.equal(recent.pagination.total_count, all.data.length)
})

t.test('balances move by exactly fills and fees', async (t) => {
  const ask = async (): Promise<Map<string, string>> => {
    const reply = (await bed.rpc('balances', {
      accountNames: null,
      connectorNames: ['simulator'],
      refresh: false,
    })) as { accounts: { balances: { token: string; total: string }[] }[] }
    return new Map(reply.accounts[0]?.balances.map(({ token, total }) => [token, total]))
  }
  const before = await ask()
  const id = await placed(trading, { ...body, trade_type: 'SELL', order_type: 'MARKET', price: null, amount: 0.03 })
  await eventually(
    () => found(id),
    (order) => order?.status === 'FILLED',
  )
  const fills = (await bed.ledger()).orders.find((order) => order.clientOrderId === id)?.fills ?? []
  const sold = fills.reduce((sum, fill) => sum.plus(fill.quantity), new Exact(0))
  const got = fills.reduce(
    (sum, fill) => sum.plus(new Exact(fill.price).times(fill.quantity)).minus(fill.feeAsset === 'USDT' ? fill.fee : 0),
    new Exact(0),
  )
  const after = await ask()
  t.equal(new Exact(after.get('BTC') ?? 0).toString(), new Exact(before.get('BTC') ?? 0).minus(sold).toString())
  t.equal(new Exact(after.get('USDT') ?? 0).toString(), new Exact(before.get('USDT') ?? 0).plus(got).toString())
  t.same(await bed.rpc('accounts', {}), { accountNames: ['master_account'] })
  t.match(await bed.rpc('balances', { accountNames: 'all' }), { error: { kind: 'invalid', message: /accountNames/ } })
})

t.test('bad input is refused with the contract’s body and leaves no trace', async (t) => {
  const count = async (): Promise<number> =>
    ordersPage.parse((await trading.post('/trading/orders/search', {})).body).pagination.total_count
  const before = await count()
  const requests = (await bed.ledger()).requests.length
  const item = (type: string, field: string, msg: string, input: unknown, ctx?: object) => ({
    status: 422,
    body: { detail: [{ type, loc: ['body', field], msg, input, ...(ctx === undefined ? {} : { ctx }) }] },
  })
  const refused = (status: number, detail: string): Reply => ({ status, body: { detail } })
  const cases: [object, Reply][] = [
    [
      { trade_type: 'HOLD' },
      item('literal_error', 'trade_type', "Input should be 'BUY' or 'SELL'", 'HOLD', { expected: "'BUY' or 'SELL'" }),
    ],
    [{ amount: 0 }, item('greater_than', 'amount', 'Input should be greater than 0', 0, { gt: 0 })],
    [{ amount: 'x' }, item('decimal_parsing', 'amount', 'Input should be a valid decimal', 'x')],
    [
      { position_action: 'FLIP' },
      item('literal_error', 'position_action', "Input should be 'OPEN' or 'CLOSE'", 'FLIP', {
        expected: "'OPEN' or 'CLOSE'",
      }),
    ],
    [{ account_name: 'nobody' }, refused(404, "Account 'nobody' not found")],
    [{ account_name: '../x' }, refused(404, "Account '../x' not found")],
    [{ connector_name: 'nope' }, refused(404, "Connector 'nope' not found")],
    [{ connector_name: 'kucoin' }, refused(400, "Account 'master_account' has no credentials for connector 'kucoin'")],
    [{ price: null }, refused(400, 'Price is required for LIMIT and LIMIT_MAKER orders')],
    [{ amount: 1e-7 }, refused(400, 'Order amount 0.00000 is below minimum order size 0.00001 for BTC-USDT')],
    [
      { connector_name: 'simulator_perpetual' },
      refused(503, 'Trading rules not yet loaded for simulator_perpetual. Please try again in a moment.'),
    ],
  ]
  for (const [change, expected] of cases) {
    t.same(await trading.post('/trading/orders', { ...body, ...change }), expected, JSON.stringify(change))
  }
  const unknownPair = await trading.post('/trading/orders', { ...body, trading_pair: 'NO-PE' })
  t.equal(unknownPair.status, 400)
  t.match(unknownPair.body, { detail: /^Trading pair 'NO-PE' not supported on simulator\. Available pairs: \['/ })
  t.equal((await trading.post('/trading/orders', '{')).status, 422)
  t.same(
    await trading.post('/trading/orders', body, { 'idempotency-key': 'x'.repeat(256) }),
    refused(400, 'Invalid Idempotency-Key: it must be 1 to 255 printable ASCII characters'),
  )
  t.equal((await trading.post('/trading/orders/search', { limit: 0 })).status, 422)
  t.equal((await trading.post('/trading/orders/active', { limit: 1001 })).status, 422)
  t.equal((await trading.post('/trading/trades', { start_time: 'x' })).status, 422)
  t.same(await trading.post('/trading/nobody/simulator/orders/nope/cancel'), refused(404, "Account 'nobody' not found"))
  t.same(
    await trading.post('/trading/master_account/simulator/orders/nope/cancel'),
    refused(404, "Order 'nope' not found in active orders"),
  )
  t.same(await trading.del('/trading/orders/nope'), refused(404, "Order 'nope' not found in active orders"))
  t.same(await trading.get('/trading/orders/nope/events'), refused(404, "Order 'nope' not found"))
  t.equal(await count(), before)
  t.equal((await bed.ledger()).requests.length, requests)
})

t.test('accounts', async (t) => {
  t.same(await trading.get('/accounts/'), { status: 200, body: ['master_account'] })
  t.same(await trading.get('/accounts/master_account/credentials'), {
    status: 200,
    body: ['simulator', 'simulator_perpetual'],
  })
  t.same(await trading.get('/accounts/zz/credentials'), {
    status: 404,
    body: { detail: "Directory 'credentials/zz/connectors' not found" },
  })
  t.same(await trading.get('/accounts/a.b/credentials'), {
    status: 400,
    body: { detail: "Invalid account name: 'a.b'. Only letters, numbers, underscores and hyphens are allowed." },
  })
  t.same(await trading.post('/accounts/add-account?account_name=acct_two'), {
    status: 201,
    body: { message: 'Account added successfully.' },
  })
  t.same(await trading.post('/accounts/add-account?account_name=acct_two'), {
    status: 400,
    body: { detail: 'Account already exists.' },
  })
  t.same(await trading.get('/accounts'), { status: 200, body: ['master_account', 'acct_two'] })
  t.same(await trading.post('/accounts/delete-account?account_name=acct_two'), {
    status: 200,
    body: { message: 'Account deleted successfully.' },
  })
  t.same(await trading.post('/accounts/delete-account?account_name=acct_two'), {
    status: 404,
    body: { detail: "Folder 'acct_two' not found in 'credentials'" },
  })
  t.same(await trading.post('/accounts/delete-account?account_name=master_account'), {
    status: 400,
    body: { detail: 'Cannot delete master account.' },
  })
})

t.test('the older lists take their filters from the query', async (t) => {
  const id = await placed(trading, body)
  const open = ordersPage.parse((await trading.get('/trading/orders?connector_names=simulator&limit=1000')).body)
  t.ok(open.data.some((order) => order.order_id === id))
  t.same((await trading.get('/trading/orders?connector_names=kraken')).body, {
    data: [],
    pagination: { limit: 100, has_more: false, next_cursor: null, total_count: 0 },
  })
  const trades = tradesPage.parse((await trading.post('/trading/trades', { trading_pairs: ['BTC-USDT'] })).body)
  t.same((await trading.get('/trading/history?trading_pairs=BTC-USDT')).body, trades)
  t.equal((await trading.get('/trading/history?limit=0')).status, 422)
})
