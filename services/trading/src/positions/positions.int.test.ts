import { placeOrderResponse, positionsPage } from '@colibri/contracts'
import t from 'tap'
import { eventually, testBed } from '../test-bed.ts'

const bed = await testBed(t)
const trading = await bed.start()
await bed.control('/price', { mode: 'pin', market: 'futures', symbol: 'BTCUSDT', price: '50000' })
const keys = { simulator_perpetual_api_key: 'test-key', simulator_perpetual_api_secret: 'test-secret' }
t.equal((await trading.post('/accounts/add-credential/master_account/simulator_perpetual', keys)).status, 201)

const perpetual = '/trading/master_account/simulator_perpetual'
const place = async (order: object): Promise<string> => {
  const reply = await trading.post('/trading/orders', {
    account_name: 'master_account',
    connector_name: 'simulator_perpetual',
    trading_pair: 'BTC-USDT',
    order_type: 'MARKET',
    amount: '0.01',
    ...order,
  })
  if (reply.status !== 201) throw new Error(JSON.stringify(reply.body))
  return placeOrderResponse.parse(reply.body).order_id
}
const close = (body: object, headers?: Record<string, string>) =>
  trading.post(
    '/trading/close-position',
    { account_name: 'master_account', connector_name: 'simulator_perpetual', trading_pair: 'BTC-USDT', ...body },
    headers,
  )
const positions = async (filter: object = {}) =>
  positionsPage.parse((await trading.post('/trading/positions', filter)).body)
const held = (count: number) =>
  eventually(
    async () => (await positions()).data,
    (rows) => rows.length === count,
  )

t.test('leverage and mode are what the venue says, not what was wished', async (t) => {
  t.same(await trading.post(`${perpetual}/leverage`, { trading_pair: 'BTC-USDT', leverage: 10 }), {
    status: 200,
    body: { status: 'success', message: 'Leverage for BTC-USDT set to 10 on simulator_perpetual' },
  })
  t.same((await trading.get(`${perpetual}/position-mode`)).body, {
    position_mode: 'ONEWAY',
    connector: 'simulator_perpetual',
    account: 'master_account',
  })
  t.same(await trading.post(`${perpetual}/position-mode`, { position_mode: 'oneway' }), {
    status: 200,
    body: { status: 'success', message: 'Position mode set to ONEWAY on simulator_perpetual' },
  })
})

t.test('a position is opened, listed, and closed by an order of the other side', async (t) => {
  t.same((await positions()).data, [])
  await place({ trade_type: 'SELL' })
  const [row] = await held(1)
  t.match(row, {
    account_name: 'master_account',
    connector_name: 'simulator_perpetual',
    trading_pair: 'BTC-USDT',
    side: 'BOTH',
    amount: -0.01,
    leverage: 10,
  })
  t.ok((row?.entry_price ?? 0) > 49_000 && (row?.entry_price ?? 0) < 51_000)
  t.type(row?.unrealized_pnl, 'number')

  t.match(await trading.post(`${perpetual}/position-mode`, { position_mode: 'HEDGE' }), {
    status: 400,
    body: { detail: /^Failed to set position mode: .*position/i },
  })

  const reply = await close({}, { 'idempotency-key': 'close once' })
  t.match(reply, {
    status: 201,
    body: { trade_type: 'BUY', order_type: 'MARKET', amount: '0.01', status: 'submitted' },
  })
  t.same((await held(0)).length, 0)
  t.same(await close({}), {
    status: 404,
    body: { detail: 'No open position for BTC-USDT on simulator_perpetual' },
  })
})

t.test('in hedge mode both sides stand apart, page by page, and are closed by name', async (t) => {
  t.equal((await trading.post(`${perpetual}/position-mode`, { position_mode: 'HEDGE' })).status, 200)
  t.match((await trading.get(`${perpetual}/position-mode`)).body, { position_mode: 'HEDGE' })
  await place({ trade_type: 'BUY' })
  await place({ trade_type: 'SELL', amount: '0.02' })
  const rows = await held(2)
  t.same(
    rows.map(({ side, amount }) => ({ side, amount })),
    [
      { side: 'LONG', amount: 0.01 },
      { side: 'SHORT', amount: -0.02 },
    ],
  )
  const first = await positions({ limit: 1 })
  t.match(first.pagination, { has_more: true, total_count: 2 })
  const second = await positions({ limit: 1, cursor: first.pagination.next_cursor })
  t.same(
    [...first.data, ...second.data].map(({ side }) => side),
    ['LONG', 'SHORT'],
  )
  t.match(second.pagination, { has_more: false, next_cursor: null })

  t.match(await close({}), { status: 400, body: { detail: /give 'side'/ } })
  t.match(await close({ side: 'SHORT' }), { status: 201, body: { trade_type: 'BUY', amount: '0.02' } })
  t.match(await held(1), [{ side: 'LONG' }])
  t.match(await close({ side: 'LONG' }), { status: 201, body: { trade_type: 'SELL', amount: '0.01' } })
  await held(0)
})

t.test('filters are honoured, and what is not perpetual is never asked', async (t) => {
  t.same((await positions({ connector_names: ['simulator'] })).data, [])
  t.same((await positions({ account_names: ['nobody'] })).data, [])
  t.equal((await trading.get('/trading/positions?limit=5&account_names=master_account')).status, 200)
})

t.test('bad requests say what would be right', async (t) => {
  const detail = (path: string, body: object) => trading.post(path, body)
  t.match(await detail('/trading/nobody/simulator_perpetual/leverage', { trading_pair: 'BTC-USDT', leverage: 5 }), {
    status: 404,
    body: { detail: "Account 'nobody' not found" },
  })
  t.match(await detail('/trading/master_account/simulator/leverage', { trading_pair: 'BTC-USDT', leverage: 5 }), {
    status: 400,
    body: { detail: "Connector 'simulator' is not a perpetual connector" },
  })
  t.equal((await detail(`${perpetual}/leverage`, { trading_pair: 'BTC-USDT', leverage: 126 })).status, 422)
  t.match(await detail(`${perpetual}/leverage`, { trading_pair: 'NO-PAIR', leverage: 5 }), {
    status: 400,
    body: { detail: /^Failed to set leverage: .*NO-PAIR/ },
  })
  t.match(await detail(`${perpetual}/position-mode`, { position_mode: 'foo' }), {
    status: 400,
    body: { detail: "Invalid position mode 'foo'. Must be 'HEDGE' or 'ONEWAY'" },
  })
  t.match(await close({ connector_name: 'binance_perpetual' }), {
    status: 400,
    body: { detail: "Account 'master_account' has no credentials for connector 'binance_perpetual'" },
  })
})
