import { setTimeout as sleep } from 'node:timers/promises'
import { auditPage, ordersPage, orderWhy, placeOrderResponse, positionsPage, tradesPage } from '@colibri/contracts'
import pg from 'pg'
import t from 'tap'
import { eventually, testBed } from '../test-bed.ts'

const bed = await testBed(t)
const trading = await bed.start()
const pool = new pg.Pool({ connectionString: bed.databaseUrl })
t.teardown(() => pool.end())
await bed.control('/price', { mode: 'pin', market: 'futures', symbol: 'BTCUSDT', price: '50000' })
await bed.control('/price', { mode: 'pin', market: 'spot', symbol: 'BTCUSDT', price: '50000' })
const keys = { simulator_perpetual_api_key: 'test-key', simulator_perpetual_api_secret: 'test-secret' }
await trading.post('/accounts/add-credential/master_account/simulator_perpetual', keys)

const ADDRESS = '203.0.113.7'
const place = async (order: object, headers: Record<string, string> = {}): Promise<string> => {
  const body = {
    account_name: 'master_account',
    connector_name: 'simulator',
    trading_pair: 'BTC-USDT',
    trade_type: 'BUY',
    order_type: 'LIMIT',
    amount: '0.01',
    price: '40000',
    ...order,
  }
  const reply = await trading.post('/trading/orders', body, { 'x-colibri-address': ADDRESS, ...headers })
  if (reply.status !== 201) throw new Error(JSON.stringify(reply.body))
  return placeOrderResponse.parse(reply.body).order_id
}
const cancel = (id: string, actor: string) =>
  trading.post(`/trading/master_account/simulator/orders/${id}/cancel`, {}, { 'x-colibri-actor': actor })
const search = async (filter: object) => ordersPage.parse((await trading.post('/trading/orders/search', filter)).body)
const ordersOf = async (filter: object) =>
  Object.fromEntries((await search(filter)).data.map(({ order_id: id, status }) => [id, status]))
const withStatus = (id: string, status: string) =>
  eventually(
    () => ordersOf({}),
    (orders) => orders[id] === status,
  )
/** A moment that lies after everything so far, and before everything later. */
const moment = async (): Promise<number> => {
  await sleep(5)
  const now = Date.now()
  await sleep(5)
  return now
}
const audit = async (query: string) => auditPage.parse((await trading.get(`/audit?${query}`)).body)

const start = await moment()
const resting = await place({})
await withStatus(resting, 'OPEN')
const afterFirst = await moment()
const filled = await place({ order_type: 'MARKET', price: null, amount: '0.02' }, { 'x-request-id': 'request-of-ann' })
await withStatus(filled, 'FILLED')
const afterFill = await moment()
await cancel(resting, 'user:carol')
await withStatus(resting, 'CANCELLED')

await t.test('orders as they were', async (t) => {
  t.same(await ordersOf({ as_of: start }), {})
  t.same(await ordersOf({ as_of: afterFirst }), { [resting]: 'OPEN' })
  t.same(await ordersOf({ as_of: afterFill }), { [resting]: 'OPEN', [filled]: 'FILLED' })
  t.same(await ordersOf({}), { [resting]: 'CANCELLED', [filled]: 'FILLED' })
  t.same(await ordersOf({ as_of: afterFill, status: 'OPEN' }), { [resting]: 'OPEN' })
  t.same(await ordersOf({ as_of: afterFill, status: 'CANCELLED' }), {})
  const then = await search({ as_of: new Date(afterFill).toISOString(), limit: 1 })
  t.match(then.pagination, { has_more: true, total_count: 2 })
  const rest = await search({ as_of: afterFill, limit: 1, cursor: then.pagination.next_cursor })
  t.same(
    [...then.data, ...rest.data].map(({ order_id: id }) => id),
    [filled, resting],
  )
  const active = async (query: string) => ordersPage.parse((await trading.get(`/trading/orders?${query}`)).body)
  t.match(await active(`as_of=${afterFill}`), { data: [{ order_id: resting, status: 'OPEN' }] })
  t.match(await active(`as_of=${(afterFill / 1000).toFixed(3)}`), { data: [{ order_id: resting }] })
  t.same((await active(`as_of=${start}`)).pagination.total_count, 0)
  t.same((await active('')).data, [])
  t.match((await trading.post(`/trading/orders/active?as_of=${afterFill}`, {})).body, { data: [{ order_id: resting }] })
  t.match((await trading.post(`/trading/orders/search?as_of=${start}`, {})).body, { pagination: { total_count: 0 } })
  const trades = async (as_of: number) =>
    tradesPage.parse((await trading.post('/trading/trades', { as_of })).body).data.map(({ order_id: id }) => id)
  t.same(await trades(afterFirst), [])
  t.ok((await trades(afterFill)).every((id) => id === filled))
  t.ok((await trades(afterFill)).length > 0)
  t.same(
    tradesPage.parse((await trading.get(`/trading/history?as_of=${afterFirst}`)).body).data,
    [],
    'by its older name as well',
  )
})

await t.test('the past stands still while its orders change', async (t) => {
  const ids = await Promise.all(Array.from({ length: 8 }, () => place({})))
  for (const id of ids) await withStatus(id, 'OPEN')
  const open = await moment()
  let cancelling: 'on' | 'over' = 'on'
  const looks: string[][] = []
  const look = async (): Promise<void> => {
    while (cancelling === 'on') {
      const page = ordersPage.parse((await trading.get(`/trading/orders?as_of=${open}`)).body)
      looks.push(page.data.map(({ order_id: id, status }) => `${id} ${status}`))
    }
  }
  const looking = look()
  for (const id of ids) await cancel(id, 'user:dave')
  for (const id of ids) await withStatus(id, 'CANCELLED')
  cancelling = 'over'
  await looking
  const expected = ids.map((id) => `${id} OPEN`).sort()
  t.ok(looks.length > 0)
  t.same(
    looks.filter((each) => each.join() !== expected.join()),
    [],
  )
})

await t.test('a moment that is none is refused and named', async (t) => {
  const future = new Date(Date.now() + 3_600_000).toISOString()
  for (const [path, value] of [
    ['/trading/orders', future],
    ['/trading/history', 'yesterday'],
    ['/trading/positions', '2026-02-30'],
  ]) {
    const reply = await trading.get(`${path}?as_of=${value}`)
    t.match(reply, { status: 422, body: { detail: [{ loc: ['query', 'as_of'], input: value }] } }, `${path} ${value}`)
    t.ok(JSON.stringify(reply.body).includes(`'${value}'`), 'the text names it')
  }
  t.match(await trading.post('/trading/orders/search', { as_of: future }), {
    status: 422,
    body: { detail: [{ loc: ['body', 'as_of'] }] },
  })
})

await t.test('why an order was filled: from the fill to who asked, and from where', async (t) => {
  const why = orderWhy.parse((await trading.get(`/trading/orders/${filled}/why`)).body)
  t.match(why.request, { request_id: 'request-of-ann', actor: 'user:test', address: ADDRESS })
  t.match(why.summary, `user:test from ${ADDRESS}`)
  t.match(why.summary, 'BUY 0.02')
  t.match(why.summary, 'FILLED')
  t.match(why.market, { last: /^50000/ }, 'the order before it made this market known')
  t.match(why.market_in_words, 'the last price was 50000')
  t.ok(why.fills.length > 0)
  const steps = new Map(why.steps.map((step) => [step.event_id, step]))
  let step = steps.get(why.fills[0]?.event_id ?? '')
  t.match(step, { type: 'OrderFilled', actor: 'venue:simulator', what: /filled at 50000/ })
  while (step?.caused_by.kind === 'event') step = steps.get(step.caused_by.event_id)
  t.match(step, {
    type: 'OrderSubmitted',
    actor: 'user:test',
    caused_by: { kind: 'request', request_id: 'request-of-ann', actor: 'user:test', address: ADDRESS },
  })

  const first = orderWhy.parse((await trading.get(`/trading/orders/${resting}/why`)).body)
  t.equal(first.market, null)
  t.match(first.market_in_words, 'Nothing was known')
  t.same(first.fills, [])
  t.match(
    first.steps.find(({ type }) => type === 'OrderCancelRequested'),
    { caused_by: { kind: 'request', actor: 'user:carol', address: null } },
  )
  t.match(await trading.get('/trading/orders/nobody/why'), {
    status: 404,
    body: { detail: "Order 'nobody' not found" },
  })
})

await t.test('an order a halt placed leads to who halted', async (t) => {
  const take = async (trade_type: 'BUY' | 'SELL', amount: string): Promise<void> => {
    const id = await place({
      connector_name: 'simulator_perpetual',
      order_type: 'MARKET',
      price: null,
      trade_type,
      amount,
    })
    await withStatus(id, 'FILLED')
  }
  await take('BUY', '0.01')
  const open = await moment()
  await take('SELL', '0.03')
  const turned = await moment()
  await take('BUY', '0.02')
  const flat = await moment()
  await take('SELL', '0.01')
  await eventually(
    async () => positionsPage.parse((await trading.get('/trading/positions')).body).data,
    (rows) => rows.length === 1 && rows[0]?.amount === -0.01,
  )
  await trading.post(
    '/guards/portfolio/halt',
    { ladder: 'flatten', reason: 'enough' },
    { 'x-colibri-address': ADDRESS },
  )
  await eventually(
    async () => JSON.stringify((await trading.get('/guards')).body),
    (guards) => guards.includes('"halted"'),
    60_000,
  )
  const [closing] = (await search({ connector_names: ['simulator_perpetual'], limit: 1 })).data
  const why = orderWhy.parse((await trading.get(`/trading/orders/${closing?.order_id}/why`)).body)
  t.match(why.request, { actor: 'user:test', address: ADDRESS })
  t.match(why.steps.at(-1), {
    type: 'HaltRequested',
    what: /enough/,
    caused_by: { kind: 'request', actor: 'user:test' },
  })
  t.match(
    why.steps.find(({ type }) => type === 'OrderSubmitted'),
    { actor: 'guard', caused_by: { kind: 'event', type: 'HaltRequested' } },
  )

  const positions = async (time: number) =>
    positionsPage.parse((await trading.get(`/trading/positions?as_of=${time}`)).body).data
  t.same(await positions(start), [])
  t.match(await positions(open), [
    {
      account_name: 'master_account',
      connector_name: 'simulator_perpetual',
      trading_pair: 'BTC-USDT',
      side: 'BOTH',
      amount: 0.01,
      unrealized_pnl: null,
      leverage: null,
    },
  ])
  const [row] = await positions(open)
  t.ok((row?.entry_price ?? 0) > 49_000 && (row?.entry_price ?? 0) < 51_000)
  t.match(await positions(turned), [{ amount: -0.02 }], 'turned by one order')
  t.same(await positions(flat), [])
  t.same(await positions(await moment()), [], 'closed by the halt')
  t.same(
    positionsPage.parse((await trading.post('/trading/positions', { as_of: open, account_names: ['nobody'] })).body)
      .data,
    [],
  )
  t.equal((await trading.post('/guards/portfolio/rearm', {})).status, 200)
})

await t.test('the audit: everything, newest first, by who, whose, what and when', async (t) => {
  const all = await audit('limit=1000')
  const { rows: stored } = await pool.query<{ id: string }>(
    'select event_id::text as id from log.events order by transaction_id desc, sequence desc',
  )
  t.same(
    all.data.map(({ event_id: id }) => id),
    stored.map(({ id }) => id),
  )
  t.same(all.pagination, { limit: 1000, has_more: false, next_cursor: null })

  const carol = await audit('actor=user:carol')
  t.match(carol.data, [{ type: 'OrderCancelRequested', stream_id: `order-${resting}`, account_name: 'master_account' }])
  t.equal(carol.data.length, 1)
  const fills = await audit('event_type=OrderFilled&account_name=master_account')
  t.ok(fills.data.length >= 3)
  t.ok(fills.data.every(({ type, account_name: name }) => type === 'OrderFilled' && name === 'master_account'))
  t.match(fills.data[0]?.data, { price: /^\d/ }, 'with what the event says')
  t.same((await audit('account_name=nobody')).data, [])
  t.match((await audit('event_type=HaltRequested')).data, [
    { actor: 'user:test', address: ADDRESS, account_name: null },
  ])

  const between = await audit(`start_time=${afterFirst}&end_time=${afterFill}&limit=1000`)
  t.same(
    between.data.map(({ event_id: id }) => id),
    all.data.filter(({ recorded_at: at }) => at >= afterFirst && at <= afterFill).map(({ event_id: id }) => id),
  )
  t.ok(between.data.some(({ stream_id: stream }) => stream === `order-${filled}`))
  t.same((await audit(`end_time=${start - 60_000_000}`)).data, [])
  t.same((await audit(`start_time=${Date.now() + 60_000}`)).data, [])
})

await t.test('pages of the audit neither skip nor repeat while orders are placed', async (t) => {
  const before = (await audit('limit=1000')).data.map(({ event_id: id }) => id)
  const seen: string[] = []
  let cursor: string | null = null
  do {
    await place({})
    const page = await audit(`limit=7${cursor === null ? '' : `&cursor=${cursor}`}`)
    seen.push(...page.data.map(({ event_id: id }) => id))
    cursor = page.pagination.next_cursor
  } while (cursor !== null)
  t.equal(new Set(seen).size, seen.length)
  t.same(seen.slice(-before.length), before)
})

await t.test('what cannot be asked is refused in the contract’s shape', async (t) => {
  for (const [query, where] of [
    ['limit=0', 'limit'],
    ['limit=1001', 'limit'],
    ['cursor=abc', 'cursor'],
    ['cursor=-1', 'cursor'],
    ['actor=', 'actor'],
    ['start_time=never', 'start_time'],
    ['start_time=2026-01-02&end_time=2026-01-01', 'end_time'],
  ]) {
    const reply = await trading.get(`/audit?${query}`)
    t.match(
      reply,
      { status: 422, body: { detail: [{ loc: ['query', where], msg: String, type: String }] } },
      `${query}`,
    )
  }
  t.equal((await trading.get(`/audit?actor=${encodeURIComponent("'; drop table trading.audit; --")}`)).status, 200)
})
