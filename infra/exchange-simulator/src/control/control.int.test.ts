import t, { type Test } from 'tap'
import type { Simulator, SimulatorOptions } from '../index.ts'
import { defaultApiKey, defaultApiSecret } from '../simulator.ts'
import {
  ask,
  type Ccxt,
  type CcxtOrder,
  client,
  control,
  type LedgerView,
  listenKey,
  start,
} from '../testing/ccxt-client.ts'

interface ClockView {
  readonly now: number
  readonly wall: number
  readonly speed: number
}

const minute = 60_000

const frozen = async (t: Test, options: SimulatorOptions = {}) => {
  const simulator = await start(t, options)
  const clock = (request: object) => control<ClockView>(simulator, 'clock', request)
  const public_ = async <T>(path: string): Promise<T> => (await fetch(`${simulator.restUrl}${path}`)).json() as T
  await clock({ action: 'freeze' })
  return {
    simulator,
    clock,
    price: (request: object) => control<{ price: string }>(simulator, 'price', { symbol: 'BTCUSDT', ...request }),
    time: async () => (await public_<{ serverTime: number }>('/api/v3/time')).serverTime,
    last: async () => Number((await public_<{ price: string }>('/api/v3/ticker/price?symbol=BTCUSDT')).price),
    klines: () => public_<unknown[]>('/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=5'),
  }
}
const refusal = async ({ controlUrl }: Simulator, path: string, body: object): Promise<[number, unknown]> => {
  const reply = await fetch(`${controlUrl}/${path}`, { method: 'POST', body: JSON.stringify(body) })
  return [reply.status, await reply.json()]
}

t.test('clock: frozen, advanced, set, and never backwards', async (t) => {
  const { simulator, clock, time } = await frozen(t)
  const began = await time()
  t.equal(await time(), began, 'it stands still')
  t.equal((await clock({ action: 'advance', ms: 90_000 })).now, began + 90_000)
  t.equal(await time(), began + 90_000)
  t.equal((await clock({ action: 'set', time: began + 200_000 })).now, began + 200_000)
  t.same(await refusal(simulator, 'clock', { action: 'set', time: began }), [
    400,
    { error: `the clock cannot go back from ${began + 200_000} to ${began}` },
  ])
  t.equal((await refusal(simulator, 'clock', { action: 'advance', ms: -1 }))[0], 400)
  t.equal((await refusal(simulator, 'clock', { action: 'rewind' }))[0], 400)
  t.equal(await time(), began + 200_000)
})

t.test('clock: it runs again, as fast as it is told', async (t) => {
  const { clock, time } = await frozen(t)
  t.match(await clock({ action: 'resume' }), { speed: 1 })
  const { now, wall, speed } = await clock({ action: 'speed', speed: 10_000 })
  t.equal(speed, 10_000)
  let later = now
  while (later < now + minute) later = await time()
  t.ok(Date.now() - wall < later - now, 'faster than the wall')
})

t.test(
  'clock: what happens while it is moved, happens: a resting order is filled by the trades in between',
  async (t) => {
    const { simulator, clock, last } = await frozen(t)
    const exchange = await client(t, 'binance', simulator)
    const before = await last()
    const order = await ask<CcxtOrder>(
      exchange,
      'createOrder',
      'BTC/USDT',
      'limit',
      'buy',
      '0.00100',
      String(Math.floor(before * 0.999)),
    )
    t.equal(order.status, 'open')
    await clock({ action: 'advance', ms: 24 * 60 * minute })
    t.equal((await ask<CcxtOrder>(exchange, 'fetchOrder', order.id, 'BTC/USDT')).status, 'closed')
  },
)

t.test('price: pinned it stays, released it is the recording again', async (t) => {
  const { price, last, clock } = await frozen(t)
  const { last: recorded, clock: other } = await frozen(t)
  await other({ action: 'set', time: (await clock({ action: 'advance', ms: 1_000 })).now + 3_600_000 })
  t.match(await price({ mode: 'pin', price: '12345.67' }), { price: '12345.67000000' })
  t.equal(await last(), 12_345.67)
  await clock({ action: 'advance', ms: 30 * minute })
  t.equal(await last(), 12_345.67)
  await price({ mode: 'release' })
  await clock({ action: 'advance', ms: 30 * minute })
  t.equal(await last(), await recorded())
})

t.test('price: after a jump the replay goes on from there, moved by the distance of the jump', async (t) => {
  const { price, last, clock, klines } = await frozen(t)
  const { last: recorded, clock: other } = await frozen(t)
  const { now } = await clock({ action: 'advance', ms: 5 * minute })
  await other({ action: 'set', time: now })
  const past = await klines()
  const replayed = await recorded()
  await price({ mode: 'jump', price: '20000' })
  t.equal(await last(), 20_000)
  for (let i = 0; i < 5; i++) {
    await Promise.all([clock({ action: 'advance', ms: 7 * minute }), other({ action: 'advance', ms: 7 * minute })])
    t.equal(Math.round(((await last()) - 20_000) * 100), Math.round(((await recorded()) - replayed) * 100))
  }
  t.notSame(await klines(), past)
})

t.test('price: what was traded does not change by a later control', async (t) => {
  const { price, clock, simulator } = await frozen(t)
  const { now } = await clock({ action: 'advance', ms: 5 * minute })
  const asked = `${simulator.restUrl}/api/v3/klines?symbol=BTCUSDT&interval=1m&endTime=${now - minute}&limit=50`
  const before = await (await fetch(asked)).json()
  await price({ mode: 'jump', price: '20000' })
  await clock({ action: 'advance', ms: 5 * minute })
  await price({ mode: 'pin', price: '1000' })
  t.same(await (await fetch(asked)).json(), before)
})

t.test('price: a quantity bounds what fills; wrong prices and instruments are refused', async (t) => {
  const { simulator, price } = await frozen(t)
  const exchange = await client(t, 'binance', simulator)
  await price({ mode: 'pin', price: '17000' })
  const order = await ask<CcxtOrder>(exchange, 'createOrder', 'BTC/USDT', 'limit', 'buy', '1', '16000')
  await price({ mode: 'pin', price: '16000', quantity: '0.3' })
  t.match(await ask(exchange, 'fetchOrder', order.id, 'BTC/USDT'), { status: 'open', filled: '0.30000000' })
  await price({ mode: 'pin', price: '16000' })
  t.match(await ask(exchange, 'fetchOrder', order.id, 'BTC/USDT'), { status: 'closed' })
  t.same(await refusal(simulator, 'price', { mode: 'pin', symbol: 'NOPE', price: '1' }), [
    400,
    { error: 'no spot instrument NOPE' },
  ])
  t.same(await refusal(simulator, 'price', { mode: 'pin', symbol: 'BTCUSDT', price: '1.001' }), [
    400,
    { error: 'price is not a positive multiple of its increment' },
  ])
})

t.test('reset: orders, balances, faults, prices and streams are those of a new exchange', async (t) => {
  const { simulator, price, last } = await frozen(t, { spotBalances: { USDT: '500000' } })
  const exchange = await client(t, 'binance', simulator)
  await price({ mode: 'pin', price: '17000' })
  await ask(exchange, 'createOrder', 'BTC/USDT', 'market', 'buy', '0.5')
  await control(simulator, 'faults', { on: 'create', kind: '500', times: null })
  const socket = new WebSocket(`${simulator.wsUrl}/stream/ws/${await listenKey(simulator, '/api/v3/userDataStream')}`)
  await new Promise((resolve) => socket.addEventListener('open', resolve, { once: true }))
  const closed = new Promise((resolve) => socket.addEventListener('close', resolve, { once: true }))
  await control(simulator, 'reset', {})
  await closed
  const { requests, accounts } = await control<LedgerView>(simulator, 'ledger')
  t.same(requests, [])
  t.same(accounts['default']?.spot, { USDT: { free: '500000', locked: '0' } })
  t.same(await control(simulator, 'faults'), [])
  t.match(await control(simulator, 'clock'), { speed: 1 })
  t.not(await last(), 17_000)
  t.equal((await ask<CcxtOrder>(exchange, 'createOrder', 'BTC/USDT', 'market', 'buy', '0.1')).status, 'closed')
})

t.test('deposit: what an account has changes without a trade, and without a word', async (t) => {
  const { simulator } = await frozen(t, { spotBalances: { USDT: '500' } })
  const exchange = await client(t, 'binance', simulator)
  const owned = async () => (await ask<{ total: Record<string, string> }>(exchange, 'fetchBalance')).total
  await control(simulator, 'deposit', { asset: 'USDT', amount: '12.5' })
  await control(simulator, 'deposit', { asset: 'USDT', amount: '-2' })
  await control(simulator, 'deposit', { asset: 'BTC', amount: '0.25' })
  t.match(await owned(), { USDT: '510.5', BTC: '0.25' })
  t.same(await refusal(simulator, 'deposit', { account: 'nobody', asset: 'USDT', amount: '1' }), [
    400,
    { error: 'no account nobody' },
  ])
})

t.test('position: it changes without an order', async (t) => {
  const { simulator } = await frozen(t)
  const exchange = await client(t, 'binanceusdm', simulator)
  const held = async () => {
    const positions = await ask<{ side: string; contracts: string; entryPrice: string }[]>(exchange, 'fetchPositions')
    return positions.map(({ side, contracts }) => [side, Number(contracts)])
  }
  await control(simulator, 'position', { symbol: 'BTCUSDT', quantity: '-0.5', price: '50000' })
  t.same(await held(), [['short', 0.5]])
  await control(simulator, 'position', { symbol: 'BTCUSDT', quantity: '0.2', price: '40000' })
  t.same(await held(), [['short', 0.3]])
  const { accounts } = await control<{
    accounts: Record<string, { futures: Record<string, string>; initial: object }>
  }>(simulator, 'ledger')
  const { futures, initial } = accounts['default'] ?? {}
  t.equal(Number(futures?.['USDT']) - Number((initial as { futures: { USDT: string } }).futures.USDT), 2_000)
  t.equal((await refusal(simulator, 'position', { symbol: 'BTCUSDT', quantity: '0', price: '1' }))[0], 400)
})

t.test('accounts: a new one trades on its own; new keys replace the old', async (t) => {
  const { simulator } = await frozen(t)
  const account = {
    id: 'second',
    apiKey: 'second-key',
    apiSecret: 'second-secret',
    spot: { USDT: '1000' },
    futures: {},
  }
  await control(simulator, 'accounts', account)
  const second = await client(t, 'binance', simulator, { apiKey: 'second-key', secret: 'second-secret' })
  const owned = async (): Promise<unknown> => (await ask<{ total: object }>(second, 'fetchBalance')).total
  t.match(await owned(), { USDT: '1000' })
  await control(simulator, 'accounts', { ...account, apiSecret: 'changed' })
  await t.rejects(owned(), /-1022/)
})

t.test('with a token the control API wants it; unknown controls are not found', async (t) => {
  const simulator = await start(t, { controlToken: 'secret' })
  const status = async (headers: Record<string, string>, path = 'health'): Promise<number> =>
    (await fetch(`${simulator.controlUrl}/${path}`, { headers })).status
  t.equal(await status({}), 401)
  t.equal(await status({ 'x-simulator-control-token': 'secreT' }), 401)
  t.equal(await status({ 'x-simulator-control-token': 'secret' }), 200)
  t.equal(await status({ 'x-simulator-control-token': 'secret' }, 'nothing'), 404)
  t.equal((await fetch(`${simulator.restUrl}/api/v3/ping`)).status, 200)
})

t.test('keys: an account has several, each with its own permissions, until it is revoked', async (t) => {
  const { simulator } = await frozen(t)
  const keyed = (apiKey: string, secret: string) => client(t, 'binance', simulator, { apiKey, secret })
  const restrictions = (exchange: Ccxt) => ask<object>(exchange, 'sapiGetAccountApiRestrictions')
  await control(simulator, 'keys', { apiKey: 'second', apiSecret: 'other', withdraw: true, trade: false })
  const [first, second] = await Promise.all([keyed(defaultApiKey, defaultApiSecret), keyed('second', 'other')])
  t.match(await restrictions(first), { enableWithdrawals: false, enableSpotAndMarginTrading: true, ipRestrict: false })
  t.match(await restrictions(second), { enableWithdrawals: true, enableSpotAndMarginTrading: false })
  const buy = ['BTC/USDT', 'market', 'buy', '0.1'] as const
  await t.rejects(ask(second, 'createOrder', ...buy), /-2015/, 'a key that may not trade does not')
  await control(simulator, 'keys', { apiKey: 'second', apiSecret: 'other' })
  t.equal((await ask<CcxtOrder>(second, 'createOrder', ...buy)).status, 'closed')
  const revoked = await fetch(`${simulator.controlUrl}/keys?apiKey=${defaultApiKey}`, { method: 'DELETE' })
  t.equal(revoked.status, 200)
  await t.rejects(ask(first, 'fetchBalance'), /-2015/)
  t.equal((await ask<readonly CcxtOrder[]>(second, 'fetchOrders', 'BTC/USDT')).length, 1, 'the account goes on')
  t.equal((await fetch(`${simulator.controlUrl}/keys?apiKey=nobody`, { method: 'DELETE' })).status, 400)
  await t.rejects(control(simulator, 'keys', { account: 'nobody', apiKey: 'a', apiSecret: 'b' }), /no account/)
})
