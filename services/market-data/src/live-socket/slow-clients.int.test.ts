import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import {
  book,
  dataOf,
  pair,
  patient,
  pricesOf,
  trades,
  until,
  wish,
  liveSocketService as world,
} from '../testing/live-socket-service.ts'

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
