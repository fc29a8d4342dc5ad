import { setTimeout as sleep } from 'node:timers/promises'
import { openSocket, type SocketClient, type SocketMessage } from '@colibri/testkit'
import t, { type Test } from 'tap'
import { type MarketDataSystem, marketDataSystem, metric } from '../../testing/market-data-system.ts'

const wish = (fields: object) => ({
  action: 'subscribe',
  connector: 'simulator',
  trading_pair: 'BTC-USDT',
  update_interval: 0.25,
  ...fields,
})
const wishes = [
  [wish({ type: 'trades' }), wish({ type: 'order_book' })],
  [wish({ type: 'trades', trading_pair: 'ETH-USDT' }), wish({ type: 'candles', interval: '1m' })],
  [wish({ type: 'trades' }), wish({ type: 'order_book', trading_pair: 'ETH-USDT', depth: 5 })],
  [wish({ type: 'trades', trading_pair: 'ETH-USDT' }), wish({ type: 'candles', interval: '5m', max_records: 3 })],
] as const
const idOf = (request: ReturnType<typeof wish> & { type?: string; interval?: string }): string =>
  [
    request.type,
    request.connector,
    request.trading_pair,
    ...(request.interval === undefined ? [] : [request.interval]),
  ].join('_')

/** Trades of a size that no other trade has, the replayed ones are far smaller, until told to stop. */
const makeTrades = (system: MarketDataSystem): { made: Map<string, string[]>; stop: () => Promise<void> } => {
  const made = new Map<string, string[]>([
    ['BTC', []],
    ['ETH', []],
  ])
  let state: 'running' | 'stopped' = 'running'
  const run = async (): Promise<void> => {
    for (let count = 1; state === 'running'; count++) {
      for (const [coin, sizes] of made) {
        const quantity = (7_777 + count / 10_000).toFixed(4)
        const body = { symbol: `${coin}USDT`, price: coin === 'BTC' ? '50000' : '2500', quantity, taker: 'BUY' }
        await fetch(system.tradesUrl, { method: 'POST', body: JSON.stringify(body) })
        sizes.push(String(Number(quantity)))
      }
      await sleep(25)
    }
  }
  const running = run()
  return {
    made,
    stop: () => {
      state = 'stopped'
      return running
    },
  }
}

interface TradesHeard {
  readonly sizes: readonly string[]
  /** Sizes before which the client was told that trades are missing. */
  readonly afterGaps: ReadonlySet<string>
}

const tradesHeard = (client: SocketClient, made: readonly string[]): TradesHeard => {
  const own = new Set(made)
  const sizes: string[] = []
  const afterGaps = new Set<string>()
  let gap = false
  for (const message of client.heard) {
    if (message.type !== 'trades') continue
    gap ||= message.resumed === false
    for (const { amount } of message.data as { amount: number }[]) {
      const size = String(amount)
      if (!own.has(size)) continue
      if (gap) afterGaps.add(size)
      gap = false
      sizes.push(size)
    }
  }
  return { sizes, afterGaps }
}

/** Every trade from the first one on, but those whose loss was told. */
const checkTrades = (t: Test, client: SocketClient, made: readonly string[], name: string): number => {
  const { sizes, afterGaps } = tradesHeard(client, made)
  let last = made.indexOf(sizes[0] ?? '')
  const wrong: string[] = []
  for (const size of sizes.slice(1)) {
    const at = made.indexOf(size)
    if (at <= last) wrong.push(`${size} came again`)
    else if (at > last + 1 && !afterGaps.has(size)) wrong.push(`${at - last - 1} missing before ${size}`)
    last = Math.max(last, at)
  }
  t.same(wrong, [], name)
  return afterGaps.size
}

const checkSequences = (t: Test, client: SocketClient, name: string): void => {
  const last = new Map<unknown, number>()
  const wrong: SocketMessage[] = []
  for (const message of client.heard) {
    if (typeof message.sequence !== 'number') continue
    // It tells that trades may be missing, and no trade.
    if (message.resumed === false && Array.isArray(message.data) && message.data.length === 0) continue
    const before = last.get(message.subscription_id) ?? -1
    const candles = message.type.startsWith('candle')
    if (message.sequence < before || (message.sequence === before && !candles)) wrong.push(message)
    last.set(message.subscription_id, message.sequence)
  }
  t.same(wrong, [], name)
}

/** Milliseconds until every client has heard new data of everything it wants. */
const goesOn = async (clients: readonly SocketClient[], since: readonly number[]): Promise<number> => {
  const started = performance.now()
  await Promise.all(
    clients.flatMap((client, at) =>
      (wishes[at % wishes.length] ?? []).map((request) =>
        client.hear((message) => message.subscription_id === idOf(request) && 'sequence' in message, since[at]),
      ),
    ),
  )
  return performance.now() - started
}
const heardSoFar = (clients: readonly SocketClient[]): number[] => clients.map(({ heard }) => heard.length)

t.test('replicas die, clients stay', { timeout: 240_000 }, async (t) => {
  const system = await marketDataSystem(t)
  const first = await system.startReplica('first', 1)
  // Who is there first owns the feeds it opens: the trades of BTC live here, those of ETH at the other one.
  const early = await openSocket(`${system.edgeUrl}/ws/market-data`)
  t.teardown(() => early.socket.terminate())
  early.say(wish({ type: 'trades' }))
  await early.hear(({ type }) => type === 'subscribed')
  const second = await system.startReplica('second', 2)
  const trades = makeTrades(system)
  t.teardown(trades.stop)
  const clients: SocketClient[] = []
  for (let at = 0; at < 50; at++) {
    const client = await openSocket(system.edgeUrl + (at % 2 === 0 ? '/ws/market-data' : '/market-data/stream'))
    t.teardown(() => client.socket.terminate())
    clients.push(client)
    for (const request of wishes[at % wishes.length] ?? []) client.say(request)
  }
  let gone = 0
  for (const { closed } of [early, ...clients])
    closed.then(
      () => gone++,
      () => undefined,
    )
  await goesOn(clients, heardSoFar(clients))
  const moved = (): Promise<number> => metric(system.edgeUrl, 'colibri_edge_moved_sockets_total')
  t.equal(await moved(), 0)

  let since = heardSoFar(clients)
  second.process.kill('SIGKILL')
  t.comment(`one killed: data of all after ${Math.round(await goesOn(clients, since))} ms`)
  const movedOnce = await moved()
  t.ok(movedOnce > 10, `${movedOnce} clients were moved`)
  // The replica they went to owns the feed: the death of the other one cost them nothing.
  for (const [at, client] of [early, ...clients.filter((_, at) => at % 2 === 0)].entries())
    t.equal(checkTrades(t, client, trades.made.get('BTC') ?? [], 'trades'), 0, `client ${at} has every trade of BTC`)

  const third = await system.startReplica('third', 2)
  await sleep(1_000)
  since = heardSoFar(clients)
  first.process.kill('SIGKILL')
  t.comment(`the other killed: data of all after ${Math.round(await goesOn(clients, since))} ms`)
  t.equal(await moved(), movedOnce + clients.length + 1, 'all are at the new one')

  await system.startReplica('fourth', 2)
  since = heardSoFar(clients)
  third.process.kill('SIGSTOP')
  t.comment(`one stopped: data of all after ${Math.round(await goesOn(clients, since))} ms`)
  t.equal(await moved(), movedOnce + 2 * (clients.length + 1), 'all went on')
  await sleep(500)
  third.process.kill('SIGCONT')
  await goesOn(clients, heardSoFar(clients))
  const quiet = heardSoFar(clients)
  await trades.stop()
  for (const client of clients) client.say({ action: 'ping' })
  await Promise.all(clients.map((client, at) => client.hear(({ type }) => type === 'pong', quiet[at])))

  t.equal(gone, 0, 'no socket was closed')
  let gaps = 0
  for (const [at, client] of clients.entries()) {
    const requests = wishes[at % wishes.length] ?? []
    const count = (type: string): number => client.heard.filter((message) => message.type === type).length
    t.equal(count('connected'), 1)
    t.equal(count('error'), 0)
    t.same(
      client.heard
        .filter(({ type }) => type === 'subscribed')
        .map((message) => message.subscription_id)
        .sort(),
      requests.map(idOf).sort(),
      'answered once',
    )
    checkSequences(t, client, 'sequences grow')
    gaps += checkTrades(t, client, trades.made.get(requests[0]?.trading_pair.slice(0, 3) ?? '') ?? [], 'trades')
  }
  t.comment(`${gaps} gaps were told of while feeds changed their owner`)
})

t.test('a client that never reads', { timeout: 120_000 }, async (t) => {
  const system = await marketDataSystem(t, { MARKET_DATA_SLOW_CLIENT_TIMEOUT: '3' })
  const { url } = await system.startReplica('only', 1)
  const reader = await openSocket(`${system.edgeUrl}/ws/market-data`)
  t.teardown(() => reader.socket.terminate())
  reader.say(wish({ type: 'order_book' }))
  await reader.hear(({ type }) => type === 'order_book')
  const deaf = await openSocket(`${system.edgeUrl}/ws/market-data`)
  t.teardown(() => deaf.socket.terminate())
  for (const trading_pair of ['BTC-USDT', 'ETH-USDT'])
    deaf.say(wish({ type: 'candles', interval: '1s', max_records: 3_000, trading_pair }))
  await deaf.hear(
    ({ subscription_id, type }) => type === 'candles' && subscription_id === 'candles_simulator_ETH-USDT_1s',
  )
  const message = Math.max(...deaf.heard.map((one) => JSON.stringify(one).length))
  deaf.socket.pause()
  let most = 0
  while ((await metric(url, 'colibri_live_closed_total{reason="slow"}')) === 0) {
    most = Math.max(most, await metric(system.edgeUrl, 'colibri_edge_unread_bytes'))
    await sleep(200)
  }
  t.ok(most > 0, 'it was behind')
  t.ok(most <= 2 * (64 * 1024 + message), `bounded: ${most} bytes`)
  const from = reader.heard.length
  await reader.hear(({ type }) => type === 'order_book', from)
  deaf.socket.resume()
  t.same(await deaf.closed, { code: 4008, reason: 'Messages were not read for 3 s' })
})
