import { UnknownPair } from '@colibri/exchange'
import t from 'tap'
import { plainCandle } from '../candles/testing/made-candles.ts'
import { book, dataOf, pair, trades, until, wish, liveSocketService as world } from '../testing/live-socket-service.ts'

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
  push(1, plainCandle(60_000, 1))
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
