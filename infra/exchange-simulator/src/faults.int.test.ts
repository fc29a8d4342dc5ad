import t, { type Test } from 'tap'
import { defaultApiKey } from './index.ts'
import { ask, type CcxtOrder, client, control, type LedgerView, listenKey, start } from './testing/ccxt-client.ts'

const spotTrader = async (t: Test, extra?: object) => {
  const simulator = await start(t)
  const exchange = await client(t, 'binance', simulator, extra)
  const arm = (fault: object) => control<{ id: number }>(simulator, 'faults', fault)
  const ledger = () => control<LedgerView>(simulator, 'ledger')
  /** An order that rests, far from the market. */
  const rest = (clientOrderId: string, symbol = 'BTC/USDT') =>
    ask<CcxtOrder>(exchange, 'createOrder', symbol, 'limit', 'sell', '0.01', '90000', { clientOrderId })
  const take = () => ask<CcxtOrder>(exchange, 'createOrder', 'BTC/USDT', 'market', 'buy', '0.001')
  const trades = async (order: CcxtOrder): Promise<string[]> =>
    (
      await ask<{ id: string }[]>(exchange, 'fetchMyTrades', 'BTC/USDT', undefined, undefined, { orderId: order.id })
    ).map(({ id }) => id)
  return { simulator, exchange, arm, ledger, rest, take, trades }
}

/** What the exchange got and took of one client order id: `[count, accepted]`, nothing when it never got it. */
const got = ({ requests }: LedgerView, id: string) =>
  requests.filter(({ clientOrderId }) => clientOrderId === id).map(({ count, accepted }) => [count, accepted])

/** The trade ids the account's stream tells of, in the order it tells them. */
const userStream = async (t: Test, simulator: Awaited<ReturnType<typeof start>>) => {
  const socket = new WebSocket(`${simulator.wsUrl}/stream/ws/${await listenKey(simulator, '/api/v3/userDataStream')}`)
  await new Promise((resolve) => socket.addEventListener('open', resolve, { once: true }))
  t.teardown(() => socket.close())
  const told: string[] = []
  let heard: () => void = () => undefined
  socket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(String(data)) as { x?: string; t?: number }
    if (message.x === 'TRADE') told.push(String(message.t))
    heard()
  })
  const until = async (check: () => boolean): Promise<void> => {
    while (!check()) {
      await new Promise<void>((resolve) => {
        heard = resolve
      })
    }
  }
  const closed = new Promise((resolve) => socket.addEventListener('close', resolve, { once: true }))
  return { told, until, closed }
}

t.test('not dealt with: 500, drop-connection, reject, 429, 418; the request after it is', async (t) => {
  const { arm, ledger, rest } = await spotTrader(t)
  const refusals = [
    ['500', 'OperationFailed'],
    ['drop-connection', 'NetworkError'],
    ['reject', 'InsufficientFunds'],
    ['429', 'DDoSProtection'],
    ['418', 'DDoSProtection'],
  ] as const
  for (const [kind, name] of refusals) {
    await arm({ on: 'create', kind })
    await t.rejects(rest(`lost-${kind}`), { name }, kind)
    t.same(got(await ledger(), `lost-${kind}`), [], kind)
    t.equal((await rest(`next-${kind}`)).status, 'open', kind)
    t.same(got(await ledger(), `next-${kind}`), [[1, 1]], kind)
  }
})

t.test('reject says the code and the words it was given', async (t) => {
  const { simulator, arm } = await spotTrader(t)
  await arm({ on: 'market-data', kind: 'reject', code: -1121, message: 'Invalid symbol.' })
  const reply = await fetch(`${simulator.restUrl}/api/v3/time`)
  t.same([reply.status, await reply.json()], [400, { code: -1121, msg: 'Invalid symbol.' }])
})

t.test('429 and 418 say when to come back', async (t) => {
  const { simulator, arm } = await spotTrader(t)
  for (const kind of ['429', '418']) {
    await arm({ on: 'market-data', kind })
    const reply = await fetch(`${simulator.restUrl}/api/v3/time`)
    t.equal(reply.status, Number(kind))
    t.match(reply.headers.get('retry-after'), /^\d+$/)
    t.match(await reply.json(), { code: -1003 })
  }
  const date = 'Wed, 21 Oct 2026 07:28:00 GMT'
  for (const retryAfter of ['7', date, null]) {
    await arm({ on: 'market-data', kind: '429', retryAfter })
    t.equal((await fetch(`${simulator.restUrl}/api/v3/time`)).headers.get('retry-after'), retryAfter)
  }
  t.equal((await fetch(`${simulator.restUrl}/api/v3/time`)).status, 200)
})

t.test('every request that arrived is on record, whatever became of it', async (t) => {
  const { simulator, arm, rest } = await spotTrader(t)
  await fetch(`${simulator.controlUrl}/requests`, { method: 'DELETE' })
  const before = performance.timeOrigin + performance.now()
  await arm({ on: 'create', kind: '429' })
  await t.rejects(rest('refused'))
  await rest('taken')
  await fetch(`${simulator.restUrl}/fapi/v1/time`)
  const list = (await (await fetch(`${simulator.controlUrl}/requests`)).json()) as { at: number }[]
  t.match(list, [
    { market: 'spot', operation: 'create', path: '/api/v3/order', fault: '429' },
    { market: 'spot', operation: 'create', path: '/api/v3/order', fault: null },
    { market: 'futures', operation: 'market-data', path: '/fapi/v1/time', fault: null },
  ])
  const times = list.map(({ at }) => at)
  t.ok(times.every((at, index) => at >= (times[index - 1] ?? before)))
})

t.test('dealt with and spoiled: accept-then-timeout, 500-after-accept, garbage', async (t) => {
  const { exchange, arm, ledger, rest } = await spotTrader(t)
  const spoiled = [
    ['accept-then-timeout', { delayMs: 10 }, 'NetworkError'],
    ['500-after-accept', {}, 'OperationFailed'],
    ['garbage', {}, 'OperationFailed'],
  ] as const
  for (const [kind, more, name] of spoiled) {
    await arm({ on: 'create', kind, ...more })
    await t.rejects(rest(kind), kind === 'garbage' ? Error : { name }, kind)
    t.same(got(await ledger(), kind), [[1, 1]], kind)
  }
  t.same(
    (await ask<CcxtOrder[]>(exchange, 'fetchOpenOrders', 'BTC/USDT')).map(({ clientOrderId }) => clientOrderId),
    spoiled.map(([kind]) => kind),
  )
})

t.test('accept-then-timeout without a delay leaves the client waiting until it gives up', async (t) => {
  const { arm, ledger, rest } = await spotTrader(t, { timeout: 700 })
  await arm({ on: 'create', kind: 'accept-then-timeout' })
  await t.rejects(rest('waiting'), { name: 'RequestTimeout' })
  t.same(got(await ledger(), 'waiting'), [[1, 1]])
})

t.test('delay: nothing is dealt with before, everything after', async (t) => {
  const { simulator, arm, ledger, rest } = await spotTrader(t)
  await arm({ on: 'create', kind: 'delay', delayMs: 2_000 })
  const placed = rest('slow')
  for (let hits = 0; hits === 0; ) hits = (await control<{ hits: number }[]>(simulator, 'faults'))[0]?.hits ?? 0
  t.same(got(await ledger(), 'slow'), [])
  t.equal((await placed).status, 'open')
  t.same(got(await ledger(), 'slow'), [[1, 1]])
})

t.test('lost-fill: the stream never knows, REST does', async (t) => {
  const { simulator, arm, take, trades } = await spotTrader(t)
  const { told, until } = await userStream(t, simulator)
  await arm({ on: 'fill', kind: 'lost-fill' })
  const lost = await trades(await take())
  const next = await trades(await take())
  await until(() => told.includes(next.at(-1) ?? ''))
  t.equal(lost.length, 1)
  t.same(told, next)
})

t.test('late-fill: neither knows for a while, then both do', async (t) => {
  const { simulator, arm, take, trades } = await spotTrader(t)
  const { told, until } = await userStream(t, simulator)
  await arm({ on: 'fill', kind: 'late-fill', delayMs: 3_000 })
  const order = await take()
  t.same(await trades(order), [])
  t.same(told, [])
  await until(() => told.length === 1)
  t.same(await trades(order), told)
})

t.test('late-lost-fill: REST knows after a while, the stream never', async (t) => {
  const { simulator, arm, take, trades } = await spotTrader(t)
  const { told, until } = await userStream(t, simulator)
  await arm({ on: 'fill', kind: 'late-lost-fill', delayMs: 3_000 })
  const order = await take()
  t.same(await trades(order), [])
  let found: string[] = []
  while (found.length === 0) found = await trades(order)
  const next = await trades(await take())
  await until(() => told.includes(next.at(-1) ?? ''))
  t.same(told, next)
})

t.test('duplicate-fill: told twice, listed once', async (t) => {
  const { simulator, arm, take, trades } = await spotTrader(t)
  const { told, until } = await userStream(t, simulator)
  await arm({ on: 'fill', kind: 'duplicate-fill' })
  const [id] = await trades(await take())
  await until(() => told.length === 2)
  t.same(told, [id, id])
})

t.test('reorder-fills: the later one is told first', async (t) => {
  const { simulator, arm, take, trades } = await spotTrader(t)
  const { told, until } = await userStream(t, simulator)
  await arm({ on: 'fill', kind: 'reorder-fills', delayMs: 60_000 })
  const [first] = await trades(await take())
  const [second] = await trades(await take())
  await until(() => told.length === 2)
  t.same(told, [second, first])
})

t.test('reorder-fills: one that no other follows is told all the same', async (t) => {
  const { simulator, arm, take, trades } = await spotTrader(t)
  const { told, until } = await userStream(t, simulator)
  await arm({ on: 'fill', kind: 'reorder-fills', delayMs: 20 })
  const ids = await trades(await take())
  await until(() => told.length === 1)
  t.same(told, ids)
})

t.test('drop-websocket: on a request, and on a fill, whose event is not told', async (t) => {
  const { simulator, arm, rest, take, ledger } = await spotTrader(t)
  const first = await userStream(t, simulator)
  await arm({ on: 'create', kind: 'drop-websocket' })
  await rest('dealt-with')
  await first.closed
  t.same(got(await ledger(), 'dealt-with'), [[1, 1]])
  const second = await userStream(t, simulator)
  await arm({ on: 'fill', kind: 'drop-websocket' })
  await take()
  await second.closed
  t.same(second.told, [])
})

t.test('a fault hits only what it aims at: operation, symbol, market, account; as often as it should', async (t) => {
  const { simulator, exchange, arm, rest } = await spotTrader(t)
  await arm({ on: 'cancel', kind: '500' })
  await arm({ on: 'create', kind: '500', symbol: 'ETHUSDT' })
  await arm({ on: 'create', kind: '500', market: 'futures' })
  await arm({ on: 'create', kind: '500', account: 'another' })
  const order = await rest('untouched')
  t.equal(order.status, 'open')
  await t.rejects(rest('aimed-at', 'ETH/USDT'), { name: 'OperationFailed' })
  await t.rejects(ask(exchange, 'cancelOrder', order.id, 'BTC/USDT'), { name: 'OperationFailed' })
  t.equal((await ask<CcxtOrder>(exchange, 'cancelOrder', order.id, 'BTC/USDT')).status, 'canceled')
  t.same(
    (await control<{ left: number; hits: number }[]>(simulator, 'faults')).map(({ left, hits }) => [left, hits]),
    [
      [0, 1],
      [0, 1],
      [1, 0],
      [1, 0],
    ],
  )

  const { id } = await arm({ on: 'any', kind: '418', times: null })
  for (const path of ['time', 'exchangeInfo', 'time']) {
    t.equal((await fetch(`${simulator.restUrl}/api/v3/${path}`)).status, 418)
  }
  await fetch(`${simulator.controlUrl}/faults?id=${id}`, { method: 'DELETE' })
  t.equal((await fetch(`${simulator.restUrl}/api/v3/time`)).status, 200)
})

t.test('the dice of a seed always fall alike', async (t) => {
  const rolled = async (seed: number): Promise<number[]> => {
    const simulator = await start(t, { seed })
    await control(simulator, 'faults', { on: 'market-data', kind: '500', times: null, probability: 0.5 })
    const statuses: number[] = []
    for (let i = 0; i < 40; i++) statuses.push((await fetch(`${simulator.restUrl}/api/v3/time`)).status)
    return statuses
  }
  const first = await rolled(1)
  t.same(new Set(first), new Set([200, 500]))
  t.same(await rolled(1), first)
  t.notSame(await rolled(2), first)
})

t.test('a fault that makes no sense is refused', async (t) => {
  const simulator = await start(t)
  for (const body of ['{', '{"on":"create"}', '{"on":"create","kind":"earthquake"}', '{"on":"x","kind":"500"}']) {
    const reply = await fetch(`${simulator.controlUrl}/faults`, { method: 'POST', body })
    t.equal(reply.status, 400, body)
  }
  t.same(await control(simulator, 'faults'), [])
  t.equal(
    (await fetch(`${simulator.restUrl}/api/v3/account`, { headers: { 'x-mbx-apikey': defaultApiKey } })).ok,
    false,
  )
})
