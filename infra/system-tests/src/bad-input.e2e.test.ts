import pg from 'pg'
import t from 'tap'
import { startColibri } from './colibri.ts'

const good = {
  account_name: 'master_account',
  connector_name: 'simulator',
  trading_pair: 'BTC-USDT',
  trade_type: 'BUY',
  amount: '0.01',
  order_type: 'MARKET',
}
const refusals: readonly [
  what: string,
  method: string,
  path: string,
  body: object | string | null,
  status: number,
  detail: RegExp,
][] = [
  ['an order without fields', 'POST', '/trading/orders', {}, 422, /"missing".*"account_name".*Field required/],
  [
    'an unknown side',
    'POST',
    '/trading/orders',
    { ...good, trade_type: 'buy' },
    422,
    /Input should be 'BUY' or 'SELL'/,
  ],
  ['an amount of 0', 'POST', '/trading/orders', { ...good, amount: 0 }, 422, /Input should be greater than 0/],
  ['broken JSON', 'POST', '/trading/orders', '{"a":', 422, /json_invalid/],
  [
    'an unknown account',
    'POST',
    '/trading/orders',
    { ...good, account_name: 'nobody' },
    404,
    /Account 'nobody' not found/,
  ],
  [
    'a LIMIT without price',
    'POST',
    '/trading/orders',
    { ...good, order_type: 'LIMIT' },
    400,
    /Price is required for LIMIT and LIMIT_MAKER orders/,
  ],
  [
    'an unknown pair',
    'POST',
    '/trading/orders',
    { ...good, trading_pair: 'NO-PE' },
    400,
    /Trading pair 'NO-PE' not supported on simulator/,
  ],
  ['a tiny amount', 'POST', '/trading/orders', { ...good, amount: '0.0000000001' }, 400, /is below minimum order size/],
  [
    'a cancel of nothing',
    'POST',
    '/trading/master_account/simulator/orders/none/cancel',
    null,
    404,
    /Order 'none' not found in active orders/,
  ],
  [
    'a cancel for nobody',
    'POST',
    '/trading/nobody/simulator/orders/none/cancel',
    null,
    404,
    /Account 'nobody' not found/,
  ],
  ['a history of nothing', 'GET', '/trading/orders/none/events', null, 404, /none/],
  ['a limit of 0', 'POST', '/trading/orders/search', { limit: 0 }, 422, /greater than or equal to 1/],
  ['a limit of 1001', 'POST', '/trading/orders/active', { limit: 1001 }, 422, /less than or equal to 1000/],
  ['a text as list', 'POST', '/trading/trades', { account_names: 'x' }, 422, /Input should be a valid list/],
  ['an unknown connector', 'GET', '/connectors/nope/trading-rules', null, 404, /Connector 'nope' not found/],
  [
    'order types of nothing',
    'GET',
    '/connectors/nope/order-types',
    null,
    404,
    /Connector 'nope' not found: Connector nope not found/,
  ],
  ['prices of no connector', 'POST', '/market-data/prices', { trading_pairs: ['BTC-USDT'] }, 422, /connector_name/],
  [
    'a book of depth 0',
    'POST',
    '/market-data/order-book',
    { connector_name: 'simulator', trading_pair: 'BTC-USDT', depth: 0 },
    422,
    /greater than or equal to 1/,
  ],
  [
    'candles without a dash',
    'POST',
    '/market-data/candles',
    { connector_name: 'simulator', trading_pair: 'BTCUSDT' },
    400,
    /Invalid trading pair format 'BTCUSDT'/,
  ],
  ['a state of text', 'POST', '/portfolio/state', { account_names: 1 }, 422, /Input should be a valid list/],
  ['an unknown path', 'GET', '/nowhere', null, 404, /^\{"detail":"Not Found"\}$/],
  ['a wrong method', 'PATCH', '/trading/orders', null, 405, /^\{"detail":"Method Not Allowed"\}$/],
]

t.test('bad input gets the contract’s answer and changes nothing', { timeout: 120_000 }, async (t) => {
  const colibri = await startColibri()
  t.teardown(() => colibri.stop())
  const database = new pg.Client({ connectionString: (await colibri.run()).urls.postgres })
  await database.connect()
  t.teardown(() => database.end())
  const orderEvents = async (): Promise<string | undefined> =>
    (await database.query<{ count: string }>(`select count(*) from log.events where stream_id like 'order-%'`)).rows[0]
      ?.count

  for (const [what, method, path, body, status, detail] of refusals) {
    const reply = await colibri.api.send(method, path, {
      ...(body === null ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      headers: { 'content-type': 'application/json' },
    })
    t.equal(reply.status, status, `${what}: ${status}`)
    t.match(JSON.stringify(reply.body), detail, `${what}: says why`)
  }
  t.equal(await orderEvents(), '0', 'no event was written')
})
