import { guardEvents, guardsStream, guardView, ordersPage, positionsPage } from '@colibri/contracts'
import { openPostgresLog } from '@colibri/event-log'
import t from 'tap'
import { z } from 'zod'
import { eventually, type TradingProcess, testBed } from '../test-bed.ts'

const LOOKING = { EQUITY_LOOK_MS: '200', ORDER_ABSENT_GRACE_MS: '3000' }
const bed = await testBed(t)
let trading = await bed.start(LOOKING)
const pin = (symbol: string, price: string, market = 'spot') =>
  bed.control('/price', { mode: 'pin', market, symbol, price })
await Promise.all([pin('BTCUSDT', '50000'), pin('ETHUSDT', '3000'), pin('BNBUSDT', '500')])
const log = await openPostgresLog({ url: bed.databaseUrl })
t.teardown(() => log.close())

const order = {
  account_name: 'master_account',
  connector_name: 'simulator',
  trading_pair: 'BTC-USDT',
  trade_type: 'BUY',
  amount: '0.01',
  order_type: 'LIMIT',
  price: '1000',
}
const place = (change: object = {}, process: TradingProcess = trading) =>
  process.post('/trading/orders', { ...order, ...change })
const guard = async (scope = 'accounts/master_account') => guardView.parse((await trading.get(`/guards/${scope}`)).body)
const limit = (body: object, scope = 'accounts/master_account') => trading.put(`/guards/${scope}`, body)
const halt = (body: object, scope = 'accounts/master_account') => trading.post(`/guards/${scope}/halt`, body)
const rearm = (scope = 'accounts/master_account') => trading.post(`/guards/${scope}/rearm`)
const halted = (scope?: string) =>
  eventually(
    () => guard(scope),
    ({ state }) => state === 'halted',
    60_000,
  )
const events = async () => (await log.read(guardsStream)).map(({ type }) => type)
const active = async () => ordersPage.parse((await trading.post('/trading/orders/active', {})).body).data
const creates = async () => (await bed.ledger()).requests.reduce((sum, { count }) => sum + count, 0)

t.test('limits refuse before the wire, say both numbers, and are recorded', async (t) => {
  t.match(await guard(), { state: 'armed', limits: { max_order_notional: null } })
  t.equal((await limit({ max_order_notional: 100, max_open_notional: '45.5', max_orders_per_minute: 8 })).status, 200)
  const before = await creates()
  t.match(await place({ amount: '0.2' }), {
    status: 400,
    body: { detail: "Order notional 200 USDT is above the limit of 100 for account 'master_account'" },
  })
  // The first market price is asked for behind the first request.
  const market = await eventually(
    () => place({ order_type: 'MARKET', price: null }),
    ({ body }) => !JSON.stringify(body).includes('cannot be valued'),
  )
  t.match(market, { status: 400, body: { detail: /^Order notional 500\S* USDT is above the limit of 100/ } })
  t.equal(await creates(), before)
  await eventually(events, (types) => types.filter((type) => type === 'OrderLimitBreached').length === 2)

  const replies = await Promise.all(Array.from({ length: 10 }, () => place()))
  t.equal(replies.filter(({ status }) => status === 201).length, 4, 'four of ten at once fit under the open notional')
  t.match(
    replies.find(({ status }) => status === 400),
    { body: { detail: /^Open notional would be 50 USDT, above the limit of 45.5/ } },
  )
  t.equal((await active()).length, 4)

  t.equal((await limit({ max_orders_per_minute: 8 })).status, 200)
  const more = await Promise.all(Array.from({ length: 6 }, () => place()))
  t.equal(more.filter(({ status }) => status === 201).length, 4)
  t.match(
    more.find(({ status }) => status === 400),
    { body: { detail: "More than 8 orders in a minute for account 'master_account'" } },
  )
  t.equal((await limit({})).status, 200)
  t.equal((await place()).status, 201, 'no limit is no limit')
})

t.test('the limits of all accounts together bind each of them', async (t) => {
  t.equal((await limit({ max_order_notional: '5' }, 'portfolio')).status, 200)
  t.match(await place(), { status: 400, body: { detail: /for all accounts$/ } })
  t.equal((await limit({}, 'portfolio')).status, 200)
  t.equal((await place()).status, 201)
})

t.test('a halt stops orders and nothing else, outlives a crash, and is re-armed by hand', async (t) => {
  const open = (await active()).length
  t.match(await halt({ reason: 'news at eight' }), { status: 200, body: { ladder: 'pause', reason: 'news at eight' } })
  await halted()
  t.match(await place(), {
    status: 409,
    body: {
      detail: "Trading is halted for account 'master_account': news at eight. Re-arm it to trade again",
    },
  })
  t.equal((await active()).length, open, 'a pause leaves open orders alone')
  await trading.kill()
  trading = await bed.start(LOOKING)
  t.match(await guard(), { state: 'halted', reason: 'news at eight' })
  t.equal((await place()).status, 409)
  t.match(await rearm(), { status: 200, body: { state: 'armed', reason: null } })
  t.equal((await place()).status, 201)
})

t.test('under load: after TradingHalted no create reaches the venue, and every open order is cancelled', async (t) => {
  const loading = new AbortController()
  const statuses = new Set<number>()
  const load = Promise.all(
    Array.from({ length: 4 }, async () => {
      while (!loading.signal.aborted) {
        const reply = await place()
        if (reply.status !== 201 && reply.status !== 409) t.comment(JSON.stringify(reply))
        statuses.add(reply.status)
      }
    }),
  )
  await eventually(active, (orders) => orders.length > 20)
  t.equal((await halt({ ladder: 'cancel', reason: 'kill switch' })).status, 200)
  await halted()
  const atHalt = await creates()
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  t.equal(await creates(), atHalt)
  loading.abort()
  await load
  t.same([...statuses].sort(), [201, 409])
  t.same(await active(), [])
  const { orders } = await bed.ledger()
  t.same(
    orders.filter(({ status }) => status === 'NEW' || status === 'PARTIALLY_FILLED'),
    [],
    'at the venue too',
  )
  const last = (await log.read(guardsStream)).at(-1)
  t.match(last, { type: 'TradingHalted', data: { ordersLeft: 0, positionsLeft: 0 } })
  t.equal((await rearm()).status, 200)
})

t.test('flatten closes positions; a crash on the way down is followed by the rest of the way', async (t) => {
  const keys = { simulator_perpetual_api_key: 'test-key', simulator_perpetual_api_secret: 'test-secret' }
  t.equal((await trading.post('/accounts/add-credential/master_account/simulator_perpetual', keys)).status, 201)
  const perpetual = { connector_name: 'simulator_perpetual', order_type: 'MARKET', price: null, trade_type: 'SELL' }
  t.equal((await place(perpetual)).status, 201)
  const positions = async () => positionsPage.parse((await trading.post('/trading/positions', {})).body).data
  await eventually(positions, (rows) => rows.length === 1)
  t.equal((await place()).status, 201)

  t.equal((await halt({ ladder: 'flatten', reason: 'gone' }, 'portfolio')).status, 200)
  await trading.kill()
  trading = await bed.start(LOOKING)
  await halted('portfolio')
  t.same(await positions(), [])
  t.same(await active(), [])
  t.match((await log.read(guardsStream)).at(-1), { data: { ordersLeft: 0, positionsLeft: 0 } })
  const views = z.array(guardView).parse((await trading.get('/guards')).body)
  t.match(
    views.find(({ account_name }) => account_name === null),
    { state: 'halted', ladder: 'flatten' },
  )
  t.equal((await rearm('portfolio')).status, 200)
})

const marks = async () =>
  (await log.read(guardsStream))
    .filter(({ type }) => type === 'EquityMarked')
    .map(({ data }) => guardEvents.EquityMarked.parse(data))
const seeing = (scope?: string) =>
  eventually(
    () => guard(scope),
    ({ equity }) => equity !== null && equity.start !== null && equity.seen_at !== null && equity.blind_since === null,
  )

t.test('a drawdown from a peak that was seen before a crash halts trading after it', async (t) => {
  t.equal((await place()).status, 201)
  t.match(await limit({ max_drawdown: '15000', max_loss: '15000' }), {
    status: 200,
    body: { limits: { max_drawdown: '15000', max_loss: '15000', loss_ladder: 'cancel' }, equity: { start: null } },
  })
  const { equity: began } = await seeing()
  t.equal((await marks()).at(-1)?.reason, 'began')
  const start = Number(began?.start)
  t.ok(start > 330_000, 'what the account owns')
  await pin('BTCUSDT', '60000')
  await eventually(marks, (all) => all.at(-1)?.reason === 'peak' && Number(all.at(-1)?.marks.peak) > start + 18_000)
  await trading.kill()
  await pin('BTCUSDT', '50000')
  trading = await bed.start(LOOKING)
  t.match(await halted(), { reason: /^drawdown of \d+(\.\d+)? USDT, above the limit of 15000: equity / })
  t.same(await active(), [], 'the ladder is gone down')
  t.equal((await place()).status, 409)
  const types = await events()
  t.same(types.slice(-3), ['LossLimitBreached', 'HaltRequested', 'TradingHalted'])
  t.match((await log.read(guardsStream)).at(-3), {
    data: { limit: 'maxDrawdown', allowed: '15000', scope: { accountName: 'master_account' } },
  })
  t.equal((await rearm()).status, 200)
  t.ok(Number((await seeing()).equity?.peak) < start + 18_000, 'a re-arm begins anew')
})

t.test('balances that cannot be had are no loss, and are seen', async (t) => {
  const before = await events()
  await bed.control('/faults', { on: 'account', kind: '500', times: null })
  const { equity } = await eventually(
    () => guard(),
    (view) => view.equity?.blind_since !== null,
  )
  t.match(equity, { blind_reason: /^balances of master_account at simulator/, equity: /^\d/ })
  const metrics = await trading.get('/metrics')
  t.match(metrics.body, /colibri_guard_blind_seconds\{guard="account master_account"[^}]*\} (?!0$)[\d.]+$/m)
  const cleared = await fetch(`${bed.simulator.controlUrl}/faults`, { method: 'DELETE' })
  t.ok(cleared.ok)
  t.equal((await seeing()).state, 'armed')
  t.same(await events(), before)
})

t.test('a connector that comes is no profit; an open position that loses is flattened', async (t) => {
  t.equal((await limit({})).status, 200)
  t.equal((await trading.post('/accounts/delete-credential/master_account/simulator_perpetual')).status, 200)
  const body = { max_loss: '500', loss_ladder: 'flatten' }
  t.equal((await limit(body, 'portfolio')).status, 200)
  const { equity: before } = await seeing('portfolio')
  const keys = { simulator_perpetual_api_key: 'test-key', simulator_perpetual_api_secret: 'test-secret' }
  t.equal((await trading.post('/accounts/add-credential/master_account/simulator_perpetual', keys)).status, 201)
  const moved = await eventually(marks, (all) => all.at(-1)?.reason === 'transfer')
  const worth = Number(moved.at(-1)?.marks.start) - Number(before?.start)
  t.ok(worth > 90_000, `${worth} came with it`)
  t.equal(moved.at(-1)?.marks.holdings.length, 2)

  await pin('BTCUSDT', '50000', 'futures')
  const perpetual = { connector_name: 'simulator_perpetual', order_type: 'MARKET', price: null, amount: '0.1' }
  t.equal((await place(perpetual)).status, 201)
  const positions = async () => positionsPage.parse((await trading.post('/trading/positions', {})).body).data
  await eventually(positions, (rows) => rows.length === 1)
  await pin('BTCUSDT', '40000', 'futures')
  t.match(await halted('portfolio'), {
    ladder: 'flatten',
    reason: /^loss of 1\d\d\d(\.\d+)? USDT, above the limit of 500/,
  })
  t.same(await positions(), [])
  t.equal((await limit({}, 'portfolio')).status, 200)
  t.equal((await rearm('portfolio')).status, 200)
  t.equal((await guard('portfolio')).equity, null)
})

t.test('bad requests say what would be right and change nothing', async (t) => {
  const before = (await events()).length
  t.match(await limit({}, 'accounts/nobody'), { status: 404, body: { detail: "Account 'nobody' not found" } })
  t.equal((await limit({ max_order_notional: -1 })).status, 422)
  t.equal((await limit({ max_orders_per_minute: 0 })).status, 422)
  t.match(await limit({ max_loss: '0', max_drawdown: 'much', loss_ladder: 'panic' }), {
    status: 422,
    body: {
      detail: [
        { loc: ['body', 'max_loss'], msg: 'Input should be greater than 0' },
        { loc: ['body', 'max_drawdown'], msg: 'Input should be a valid decimal' },
        { loc: ['body', 'loss_ladder'], msg: "Input should be 'pause', 'cancel' or 'flatten'" },
      ],
    },
  })
  t.equal((await halt({ ladder: 'explode' })).status, 422)
  t.equal((await rearm()).status, 200, 'what is armed may be armed again')
  t.equal((await events()).length, before)
})
