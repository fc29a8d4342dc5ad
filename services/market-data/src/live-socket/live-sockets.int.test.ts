import { setTimeout as sleep } from 'node:timers/promises'
import { UnknownPair } from '@colibri/exchange'
import { type RunningService, serviceConfig, startService } from '@colibri/service-kit'
import { testNats, testPostgres } from '@colibri/testkit'
import t from 'tap'
import { handFedCandles, handFedFeeds } from '../testing/hand-fed-feeds.ts'
import { type Message, type SocketClient, socketClient } from '../testing/socket-client.ts'
import { clientCandles } from './client-candles.ts'
import { explain } from './explain.ts'
import { createLiveSockets, type LiveSocketLimits } from './live-sockets.ts'
import { createSources } from './sources.ts'

interface Test {
  teardown(clean: () => Promise<void>): void
}

const token = 'edge-token'
const patient: LiveSocketLimits = { heartbeatMs: 60_000, mostUnread: 64 * 1024, patienceMs: 60_000 }
const pair = (tradingPair = 'BTC-USDT') => ({ connectorName: 'simulator', tradingPair })
const wish = (fields: object) => ({
  action: 'subscribe',
  connector: 'simulator',
  trading_pair: 'BTC-USDT',
  update_interval: 0.25,
  ...fields,
})
const book = (updateId: number, levels = 1) => {
  const side = Array.from({ length: levels }, (_, at) => ({ price: `${1_000 + at}.5`, amount: `${updateId}.25` }))
  return { updateId, bids: side, asks: side }
}
const trades = (from: number, count: number) =>
  Array.from({ length: count }, (_, at) => ({
    tradeId: `${from + at}`,
    price: `${from + at}`,
    amount: '1',
    side: 'sell' as const,
    time: 1_000,
  }))

const world = async (t: Test, limits: Partial<LiveSocketLimits> = {}) => {
  const [postgres, nats] = await Promise.all([testPostgres(t), testNats(t)])
  const { feeds, feed } = handFedFeeds()
  const { candles, push } = handFedCandles()
  const service: RunningService = await startService(
    {
      name: 'market-data',
      config: serviceConfig(),
      start: (kit) => ({
        sockets: [
          createLiveSockets({
            sources: createSources({
              feeds,
              candles: clientCandles(candles, { connectors: () => ['simulator'], intervals: () => ['1m'] }),
              checkPair: async () => undefined,
              limits: { readyMs: 20_000 },
            }),
            metrics: kit.metrics,
            explain: explain(() => undefined),
            background: kit.background,
            limits: { ...patient, ...limits },
          }),
        ],
      }),
    },
    {
      DATABASE_URL: postgres.url,
      NATS_URL: nats.url,
      NATS_USER: nats.options.user,
      NATS_PASSWORD: nats.options.pass,
      EDGE_TOKEN: token,
      COLIBRI_HOME: '.',
      LOG_LEVEL: 'fatal',
      DRAIN_SECONDS: '1',
    },
  )
  t.teardown(() => service.stop())
  const connect = async (options?: { autoPong: boolean }): Promise<SocketClient> => {
    const client = await socketClient(`${service.url}/ws/market-data`, { 'x-colibri-edge-token': token }, options)
    t.teardown(async () => client.socket.terminate())
    return client
  }
  const metric = async (series: string): Promise<number> => {
    const text = await (await fetch(`${service.url}/metrics`)).text()
    const [name, labels = ''] = series.split(/[{}]/)
    const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) && line.includes(labels))
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
  }
  return { service, feed, push, connect, metric }
}

const until = async (check: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await check())) await sleep(20)
}

const dataOf = (client: SocketClient, type: string): readonly Message[] =>
  client.heard.filter((message) => message.type === type)

const pricesOf = (message: Message | undefined): readonly number[] =>
  ((message?.data ?? []) as { price: number }[]).map(({ price }) => price)

t.test('a conversation', async (t) => {
  const { connect, feed } = await world(t)
  const client = await connect()
  const connected = await client.hear(() => true)
  t.match(connected, { type: 'connected', connection_id: /^[0-9a-f]{8}$/, timestamp: Number })
  t.ok(Math.abs(Number(connected.timestamp) - Date.now() / 1_000) < 60, 'seconds')
  const error = (message: string) => ({ type: 'error', message })
  t.match(await client.ask({ action: 'ping' }), { type: 'pong', timestamp: Number })
  t.same(
    await client.ask({ action: 'dance' }),
    error('Unknown action: dance. Valid actions: subscribe, unsubscribe, ping'),
  )
  t.same(await client.ask('{oops'), error('Invalid JSON: {oops'))
  t.same(await client.ask('[1]'), error('A message must be a JSON object, got [1]'))
  const from = client.heard.length
  client.socket.send(Buffer.from([1, 2]))
  t.same(await client.hear(() => true, from), error('Binary messages are not understood: got 2 bytes, send JSON text'))
  t.same(
    await client.ask(wish({ type: 'trades', update_interval: null })),
    error('update_interval must be a number of seconds, got null'),
  )
  t.same(await client.ask({ action: 'unsubscribe', subscription_id: 'nope' }), error('Subscription not found: nope'))
  t.same(
    await client.ask(wish({ type: 'candles', interval: '7m' })),
    error("Failed to start feed: Unsupported interval '7m' for 'simulator'. Supported intervals: ['1m']"),
  )
  t.match(await client.ask({ action: 'ping' }), { type: 'pong' }, 'the socket has survived it all')

  feed({ kind: 'book', ...pair() }).push(7, book(1))
  const id = 'order_book_simulator_BTC-USDT'
  t.same(await client.ask(wish({ type: 'order_book' })), { type: 'subscribed', subscription_id: id })
  const data = await client.hear(({ type }) => type === 'order_book')
  t.same(
    { ...data, timestamp: 0 },
    {
      type: 'order_book',
      subscription_id: id,
      data: { bids: [[1000.5, 1.25]], asks: [[1000.5, 1.25]] },
      timestamp: 0,
      sequence: 7,
    },
  )
  t.same(await client.ask({ action: 'unsubscribe', subscription_id: id }), {
    type: 'unsubscribed',
    subscription_id: id,
  })
  t.same(
    await client.ask({ action: 'unsubscribe', subscription_id: id }),
    error(`Subscription not found: ${id}`),
    'unsubscribed already',
  )
})

t.test('a feed that is slow to open holds up nothing but what is asked of it', async (t) => {
  const { connect, feed } = await world(t)
  const client = await connect()
  const slow = 'order_book_simulator_SLOW-USDT'
  client.say(wish({ type: 'order_book', trading_pair: 'SLOW-USDT' }))
  client.say({ action: 'unsubscribe', subscription_id: slow })
  client.say({ action: 'ping' })
  client.say(wish({ type: 'trades' }))
  client.say(wish({ type: 'order_book', trading_pair: 'GONE-USDT' }))
  await client.hear(({ subscription_id }) => subscription_id === 'trades_simulator_BTC-USDT')
  t.same(
    client.heard.map(({ type }) => type),
    ['connected', 'pong', 'subscribed'],
  )
  feed({ kind: 'book', ...pair('GONE-USDT') }).fail(new UnknownPair('GONE-USDT does not exist'))
  t.match(await client.hear(({ type }) => type === 'error'), {
    message: 'Failed to start feed: GONE-USDT does not exist',
  })
  feed({ kind: 'book', ...pair('SLOW-USDT') }).push(1, book(1))
  await client.hear(({ type }) => type === 'unsubscribed')
  t.same(
    client.heard.filter(({ subscription_id }) => subscription_id === slow).map(({ type }) => type),
    ['subscribed', 'unsubscribed'],
    'answered in the order of the requests',
  )
})

t.test('the answer comes before any data; subscribing again replaces', async (t) => {
  const { connect, feed, push, metric } = await world(t)
  const client = await connect()
  const live = feed({ kind: 'book', ...pair() })
  live.push(1, book(1))
  push(1, {
    time: 60_000,
    open: 1,
    high: 1,
    low: 1,
    close: 1,
    volume: 1,
    quoteVolume: 1,
    trades: 1,
    takerBuyBaseVolume: 1,
    takerBuyQuoteVolume: 1,
  })
  for (const type of ['order_book', 'candles', 'trades']) client.say(wish({ type }))
  feed({ kind: 'trades', ...pair() }).push(1, trades(1, 2))
  await client.hear(({ type }) => type === 'candle_update')
  t.match(await client.hear(({ type }) => type === 'candles'), { data: [{ timestamp: 60, close: 1 }] })
  for (const id of ['order_book_simulator_BTC-USDT', 'candles_simulator_BTC-USDT_1m', 'trades_simulator_BTC-USDT'])
    t.equal(client.heard.find(({ subscription_id }) => subscription_id === id)?.type, 'subscribed', id)

  t.equal(await metric('colibri_live_subscriptions'), 3)
  const from = client.heard.length
  client.say(wish({ type: 'order_book', update_interval: 0.5 }))
  await client.hear(({ type }) => type === 'subscribed', from)
  t.equal(await metric('colibri_live_subscriptions'), 3, 'not one more')
  t.equal(live.holders, 1)
  for (let sequence = 2; sequence < 5; sequence++) {
    live.push(sequence, book(sequence))
    await client.hear((message) => message.type === 'order_book' && message.sequence === sequence, from)
  }
  t.same(
    client.heard
      .slice(from)
      .filter(({ type }) => type === 'order_book')
      .map(({ sequence }) => sequence)
      .filter((sequence) => sequence !== 1),
    [2, 3, 4],
    'each state came once',
  )
  await client.leave()
  await until(async () => (await metric('colibri_live_connections')) === 0)
  t.equal(await metric('colibri_live_subscriptions'), 0)
  t.equal(live.holders, 0, 'the feed is let go')
})

t.test('a client that comes back resumes', async (t) => {
  const { connect, feed } = await world(t)
  const live = feed({ kind: 'trades', ...pair() })
  const first = await connect()
  await first.hear(() => true)
  await first.ask(wish({ type: 'trades' }))
  live.push(1, trades(1, 1))
  live.push(2, trades(2, 1))
  const seen = await first.hear(({ type }) => type === 'trades')
  await first.leave()
  live.push(3, trades(3, 2))
  const second = await connect()
  await second.hear(() => true)
  const answer = await second.ask(wish({ type: 'trades', resume_from: seen.sequence }))
  t.same(answer, { type: 'subscribed', subscription_id: 'trades_simulator_BTC-USDT', resumed: true })
  live.push(4, trades(5, 1))
  const missed = await second.hear(({ type }) => type === 'trades')
  t.match(missed, { data: [{ price: 3 }, { price: 4 }, { price: 5 }], sequence: 4, resumed: true })
  live.push(5, trades(6, 1))
  const next = await second.hear((message) => message.sequence === 5)
  t.equal(next.resumed, undefined, 'said once')
  const late = await second.ask(wish({ type: 'trades', resume_from: 77 }))
  t.match(late, { type: 'subscribed', resumed: false })
  t.match(await second.hear((message) => message.resumed === false && message.type === 'trades'), { data: [] })
})

t.test('five clients that never read', { timeout: 120_000 }, async (t) => {
  const { connect, feed, metric } = await world(t, { patienceMs: 1_500 })
  const names = Array.from({ length: 30 }, (_, at) => `P${at}-USDT`)
  const lives = names.map((name) => feed({ kind: 'book', ...pair(name) }))
  const levels = 1_000
  for (const live of lives) live.push(1, book(1, levels))
  const reader = await connect()
  reader.say(wish({ type: 'trades' }))
  reader.say(wish({ type: 'order_book', trading_pair: names[0], depth: 1 }))
  const deaf = await Promise.all(Array.from({ length: 5 }, () => connect()))
  for (const client of deaf) {
    for (const name of names) client.say(wish({ type: 'order_book', trading_pair: name, depth: levels }))
    client.socket.pause()
  }
  await until(async () => (await metric('colibri_live_subscriptions')) === 5 * names.length + 2)
  let sequence = 1
  let most = 0
  const message = JSON.stringify(book(1, levels)).length
  while ((await metric('colibri_live_closed_total{reason="slow"}')) < 5) {
    sequence++
    for (const live of lives) live.push(sequence, book(sequence, levels))
    feed({ kind: 'trades', ...pair() }).push(sequence, trades(sequence, 1))
    most = Math.max(most, await metric('colibri_live_buffered_bytes'))
    await sleep(50)
  }
  t.ok(most > 0, 'they were behind')
  t.ok(most < 5 * (patient.mostUnread + message), `bounded: ${most} bytes at most`)
  t.ok((await metric('colibri_live_coalesced_total')) > 0)
  t.equal(await metric('colibri_live_subscriptions'), 2, 'they cost nothing more')
  await reader.hear((message) => message.type === 'trades' && message.sequence === sequence)
  await reader.hear((message) => message.type === 'order_book' && message.sequence === sequence)
  const got = dataOf(reader, 'trades').flatMap(pricesOf)
  t.same(
    got,
    Array.from({ length: sequence - 1 }, (_, at) => at + 2),
    'who reads misses nothing meanwhile',
  )
  for (const client of deaf) client.socket.resume()
  for (const client of deaf)
    t.same(await client.closed, { code: 4008, reason: 'Messages were not read for 1.5 s' }, 'they are told why')
})

t.test(
  'a client that was slow for a while has the newest book and knows what it lost',
  { timeout: 120_000 },
  async (t) => {
    const { connect, feed, metric } = await world(t)
    const names = Array.from({ length: 30 }, (_, at) => `P${at}-USDT`)
    const lives = names.map((name) => feed({ kind: 'book', ...pair(name) }))
    for (const live of lives) live.push(1, book(1, 1_000))
    const live = feed({ kind: 'trades', ...pair() })
    const client = await connect()
    for (const name of names) client.say(wish({ type: 'order_book', trading_pair: name, depth: 1_000 }))
    client.say(wish({ type: 'trades' }))
    await until(async () => (await metric('colibri_live_subscriptions')) === names.length + 1)
    client.socket.pause()
    let sequence = 1
    while ((await metric('colibri_live_coalesced_total{type="trades"}')) === 0) {
      sequence++
      for (const one of lives) one.push(sequence, book(sequence, 1_000))
      await sleep(50)
    }
    const total = 50_000
    for (let at = 0; at < total; at += 1_000) live.push(at + 1, trades(at, 1_000))
    client.socket.resume()
    await client.hear(({ type }) => type === 'trades')
    const last = dataOf(client, 'order_book').filter(
      ({ subscription_id }) => subscription_id === `order_book_simulator_${names[0]}`,
    )
    t.ok(last.length < sequence, 'states in between were left out')
    await client.hear((message) => message.type === 'order_book' && message.sequence === sequence)
    const [batch] = dataOf(client, 'trades')
    const prices = pricesOf(batch)
    t.equal(Number(batch?.dropped) + prices.length, total, 'what came and what is lost is all there was')
    t.same(
      prices,
      Array.from({ length: prices.length }, (_, at) => total - prices.length + at),
      'the newest came',
    )
    t.equal(await metric('colibri_live_dropped_trades_total'), batch?.dropped)
    client.say({ action: 'ping' })
    await client.hear(({ type }) => type === 'pong')
  },
)

t.test('heartbeats, and a client that is gone without a word', async (t) => {
  const { connect, metric } = await world(t, { heartbeatMs: 400 })
  const [here, gone] = await Promise.all([connect(), connect({ autoPong: false })])
  t.match(await here.hear(({ type }) => type === 'heartbeat'), { timestamp: Number })
  t.same(await gone.closed, { code: 4008, reason: 'No answer to pings for 0.4 s' })
  t.equal(dataOf(gone, 'heartbeat').length, 1)
  here.say({ action: 'ping' })
  await here.hear(({ type }) => type === 'pong')
  await until(async () => (await metric('colibri_live_closed_total{reason="silent"}')) === 1)
})

t.test('a service that stops says so', async (t) => {
  const { connect, service, feed } = await world(t)
  const live = feed({ kind: 'ticker', ...pair() })
  live.push(1, { tradingPair: 'BTC-USDT', bid: '1', ask: null, last: '2', time: 3_000 })
  const client = await connect()
  client.say(wish({ type: 'ticker' }))
  t.match(await client.hear(({ type }) => type === 'ticker'), {
    data: { price: 2, best_bid: 1, best_ask: null, timestamp: 3 },
  })
  await service.stop()
  t.same(await client.closed, { code: 1012, reason: 'Service is restarting' })
  t.equal(live.holders, 0)
})
