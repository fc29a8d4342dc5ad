import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { startSimulator } from './index.ts'
import {
  ask,
  type CcxtOrder,
  client,
  connect,
  control,
  type LedgerView,
  listenKey,
  start,
} from './testing/ccxt-client.ts'

t.test('spot: an order from placing over partial fills to cancelling', async (t) => {
  const simulator = await start(t)
  const exchange = await client(t, 'binance', simulator)
  await control(simulator, 'clock', { action: 'freeze' })
  await control(simulator, 'price', { mode: 'pin', symbol: 'BTCUSDT', price: '17000' })
  const order = await ask<CcxtOrder>(exchange, 'createOrder', 'BTC/USDT', 'limit', 'buy', '1', '16000', {
    clientOrderId: 'mine',
  })
  t.equal(order.status, 'open')
  await t.rejects(
    ask(exchange, 'createOrder', 'BTC/USDT', 'limit', 'buy', '1', '16000', { clientOrderId: 'mine' }),
    /Duplicate order sent/,
  )
  await control(simulator, 'trade', { symbol: 'BTCUSDT', price: '15999', quantity: '0.4', taker: 'SELL' })
  const partly = await ask<CcxtOrder>(exchange, 'fetchOrder', undefined, 'BTC/USDT', { origClientOrderId: 'mine' })
  t.match(partly, { status: 'open', filled: '0.40000000' })
  const cancelled = await ask<CcxtOrder>(exchange, 'cancelOrder', order.id, 'BTC/USDT')
  t.equal(cancelled.status, 'canceled')
  await t.rejects(ask(exchange, 'cancelOrder', order.id, 'BTC/USDT'), { name: 'OrderNotFound' })
  await t.rejects(ask(exchange, 'fetchOrder', '999', 'BTC/USDT'), { name: 'OrderNotFound' })
  t.match(await ask(exchange, 'fetchMyTrades', 'BTC/USDT'), [
    { price: '16000.00000000', amount: '0.40000000', takerOrMaker: 'maker', fee: { cost: '0.0004', currency: 'BTC' } },
  ])
  const { accounts, requests } = await control<LedgerView>(simulator, 'ledger')
  t.same(accounts['default']?.spot['USDT'], { free: '93600', locked: '0' })
  t.same(accounts['default']?.spot['BTC'], { free: '2.3996', locked: '0' })
  t.match(requests, [{ clientOrderId: 'mine', count: 2, accepted: 1 }])
})

t.test('spot: refusals carry the venue’s words', async (t) => {
  const simulator = await start(t)
  const exchange = await client(t, 'binance', simulator)
  const place = (params: object) =>
    ask(exchange, 'privatePostOrder', { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', ...params })
  await t.rejects(place({ quantity: '1', price: '10.001' }), /PRICE_FILTER|price is invalid/)
  await t.rejects(place({ quantity: '0.000001', price: '10000' }), /lot size/)
  await t.rejects(place({ quantity: '0.0001', price: '10' }), /NOTIONAL/)
  await t.rejects(place({ quantity: '100', price: '10000' }), { name: 'InsufficientFunds' })
  await t.rejects(
    ask(exchange, 'createOrder', 'BTC/USDT', 'limit', 'buy', '0.1', '90000', { postOnly: true }),
    /immediately match and take/,
  )
  const stranger = await client(t, 'binance', simulator, { secret: 'wrong' })
  await t.rejects(ask(stranger, 'fetchBalance'), /-1022/)
  await t.rejects(ask(exchange, 'privateGetAccount', { timestamp: Date.now() - 60_000 }), { name: 'InvalidNonce' })
})

t.test('spot: streams of trades, book and orders', async (t) => {
  const simulator = await start(t)
  const exchange = await client(t, 'binance', simulator)
  // Subscribed first: ccxt's second caller does not wait for the subscription of the first.
  await ask(exchange, 'authenticate')
  const orders = ask<CcxtOrder[]>(exchange, 'watchOrders')
  const order = await ask<CcxtOrder>(exchange, 'createOrder', 'ETH/USDT', 'market', 'buy', '0.5')
  t.match((await orders).at(-1), { id: order.id, status: 'closed', filled: '0.50000000' })
  for (let i = 0; i < 3; i++) {
    const book = await ask<{ bids: [number, number][]; asks: [number, number][] }>(
      exchange,
      'watchOrderBook',
      'BTC/USDT',
    )
    t.ok((book.bids[0]?.[0] ?? 0) < (book.asks[0]?.[0] ?? 0), 'the book is not crossed')
  }
  t.ok((await ask<unknown[]>(exchange, 'watchTrades', 'BTC/USDT')).length > 0)
  t.ok((await ask<unknown[]>(exchange, 'watchOHLCV', 'BTC/USDT', '1m')).length > 0)
})

t.test('futures: a position is opened, paid funding and closed to the cent', async (t) => {
  const simulator = await start(t)
  const exchange = await client(t, 'binanceusdm', simulator)
  await control(simulator, 'clock', { action: 'freeze' })
  await control(simulator, 'price', { mode: 'pin', market: 'futures', symbol: 'BTCUSDT', price: '20000' })
  await ask(exchange, 'setLeverage', 10, 'BTC/USDT:USDT')
  // By a plain websocket: ccxt would keep a timer of twenty minutes for the listen key.
  const socket = new WebSocket(
    `${simulator.wsUrl}/fapi-ws/private/ws?listenKey=${await listenKey(simulator, '/fapi/v1/listenKey')}`,
  )
  await new Promise((resolve) => socket.addEventListener('open', resolve, { once: true }))
  const told: string[] = []
  const filled = new Promise<void>((resolve) => {
    socket.addEventListener('message', ({ data }) => {
      const message = JSON.parse(String(data)) as { e: string; o?: { x: string; X: string } }
      told.push(message.o ? `${message.e} ${message.o.x} ${message.o.X}` : message.e)
      if (message.o?.X === 'FILLED') resolve()
    })
  })
  const bought = await ask<CcxtOrder>(exchange, 'createOrder', 'BTC/USDT:USDT', 'market', 'buy', '0.5')
  t.equal(bought.status, 'closed')
  await filled
  t.same(told, ['ORDER_TRADE_UPDATE NEW NEW', 'ACCOUNT_UPDATE', 'ORDER_TRADE_UPDATE TRADE FILLED'])
  t.match(await ask(exchange, 'fetchPositions'), [
    { symbol: 'BTC/USDT:USDT', side: 'long', info: { positionAmt: '0.500', leverage: '10' } },
  ])
  await control(simulator, 'clock', { action: 'advance', ms: 8 * 60 * 60 * 1000 })
  const income = await ask<{ amount: string }[]>(exchange, 'fetchFundingHistory', 'BTC/USDT:USDT')
  t.equal(income.length, 1)
  await ask(exchange, 'createOrder', 'BTC/USDT:USDT', 'market', 'sell', '2', undefined, { reduceOnly: true })
  t.same(await ask(exchange, 'fetchPositions'), [])
  const rows = await ask<{ income: string }[]>(exchange, 'fapiPrivateGetIncome', { limit: 1000 })
  const moved = rows.reduce((sum, row) => sum + Math.round(Number(row.income) * 1e8), 0)
  const balance = await ask<{ total: Record<string, string> }>(exchange, 'fetchBalance')
  t.equal(Math.round(Number(balance.total['USDT']) * 1e8), 100_000 * 1e8 + moved)
  await t.rejects(
    ask(exchange, 'createOrder', 'BTC/USDT:USDT', 'market', 'sell', '1', undefined, { reduceOnly: true }),
    /ReduceOnly/,
  )
  await t.rejects(ask(exchange, 'createOrder', 'BTC/USDT:USDT', 'market', 'buy', '900'), /-2019/)
  await ask(exchange, 'setPositionMode', true)
  await ask(exchange, 'createOrder', 'BTC/USDT:USDT', 'market', 'sell', '0.1', undefined, { positionSide: 'SHORT' })
  t.match(await ask(exchange, 'fetchPositions'), [{ side: 'short', hedged: true, info: { positionAmt: '-0.100' } }])
})

t.test('faults: an accepted order whose answer is lost is there once, and the ledger says so', async (t) => {
  const simulator = await start(t)
  const exchange = await client(t, 'binance', simulator)
  const place = (id: string) =>
    ask<CcxtOrder>(exchange, 'createOrder', 'BTC/USDT', 'limit', 'sell', '0.01', '90000', { clientOrderId: id })
  await control(simulator, 'faults', { on: 'create', kind: 'accept-then-timeout', delayMs: 10 })
  await t.rejects(place('lost'))
  await control(simulator, 'faults', { on: 'create', kind: '500-after-accept' })
  await t.rejects(place('broken'))
  await control(simulator, 'faults', { on: 'create', kind: 'reject' })
  await t.rejects(place('refused'), { name: 'InsufficientFunds' })
  await control(simulator, 'faults', { on: 'create', kind: '429' })
  await t.rejects(place('limited'), { name: 'DDoSProtection' })
  await control(simulator, 'faults', { on: 'create', kind: 'garbage' })
  await t.rejects(place('garbled'))
  const open = await ask<CcxtOrder[]>(exchange, 'fetchOpenOrders', 'BTC/USDT')
  t.same(
    open.map(({ clientOrderId }) => clientOrderId),
    ['lost', 'broken', 'garbled'],
  )
  const { requests } = await control<LedgerView>(simulator, 'ledger')
  t.same(
    requests.map(({ clientOrderId, count, accepted }) => [clientOrderId, count, accepted]),
    [
      ['lost', 1, 1],
      ['broken', 1, 1],
      ['garbled', 1, 1],
    ],
  )
})

t.test('faults: a fill told twice, and a stream cut', async (t) => {
  const simulator = await start(t)
  const socket = new WebSocket(`${simulator.wsUrl}/stream/ws/${await listenKey(simulator, '/api/v3/userDataStream')}`)
  await new Promise((resolve) => socket.addEventListener('open', resolve, { once: true }))
  const fills: unknown[] = []
  socket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(String(data)) as { x?: string; t?: number }
    if (message.x === 'TRADE') fills.push(message.t)
  })
  const exchange = await client(t, 'binance', simulator)
  await control(simulator, 'faults', { on: 'fill', kind: 'duplicate-fill' })
  await ask(exchange, 'createOrder', 'BTC/USDT', 'market', 'buy', '0.001')
  await control(simulator, 'faults', { on: 'create', kind: 'drop-websocket' })
  const closed = new Promise((resolve) => socket.addEventListener('close', resolve, { once: true }))
  await ask(exchange, 'createOrder', 'BTC/USDT', 'market', 'buy', '0.001')
  await closed
  t.equal(fills.length, 2)
  t.equal(fills[0], fills[1])
})

t.test('a restart keeps orders, balances and ledger', async (t) => {
  const stateDir = await mkdtemp(join(tmpdir(), 'simulator-'))
  t.teardown(() => rm(stateDir, { recursive: true, force: true }))
  const first = await startSimulator({ stateDir })
  const before = await connect('binance', first)
  await before.loadMarkets()
  await ask(before, 'createOrder', 'BTC/USDT', 'market', 'buy', '0.25')
  await ask(before, 'createOrder', 'BTC/USDT', 'limit', 'sell', '0.5', '90000', { clientOrderId: 'kept' })
  const { requests, accounts } = await control<LedgerView>(first, 'ledger')
  await ask(before, 'close')
  await first.close()
  const second = await start(t, { stateDir })
  const exchange = await client(t, 'binance', second)
  t.match(await control<LedgerView>(second, 'ledger'), { requests, accounts })
  t.match(await ask(exchange, 'fetchOpenOrders', 'BTC/USDT'), [{ clientOrderId: 'kept', status: 'open' }])
  t.equal(
    (await ask<CcxtOrder>(exchange, 'cancelOrder', undefined, 'BTC/USDT', { origClientOrderId: 'kept' })).status,
    'canceled',
  )
})
