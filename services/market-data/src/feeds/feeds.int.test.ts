import { once } from 'node:events'
import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { type MarketMessage, marketMessages } from '@colibri/contracts'
import { UnknownPair } from '@colibri/exchange'
import { createLogger } from '@colibri/service-kit'
import { testNats } from '@colibri/testkit'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { Registry } from 'prom-client'
import t, { type Test } from 'tap'
import { type ScriptedExchange, scriptedExchange } from '../testing/scripted-live-venue.ts'
import { FeedNotReady, type FeedUpdate } from './feed.ts'
import { createFeeds, type FeedService } from './feeds.ts'

const BTC = { kind: 'book', connectorName: 'simulator', tradingPair: 'BTC-USDT' } as const
const logger = createLogger({
  service: 'market-data',
  instanceId: 'test',
  level: process.env.TEST_LOG_LEVEL ?? 'fatal',
})

const system = async (t: Test) => {
  const server = await testNats(t)
  const exchange = scriptedExchange()
  const replica = async (settings: { feedTimeoutMs?: number; cleanupIntervalMs?: number; natsPort?: number } = {}) => {
    const servers = settings.natsPort === undefined ? server.url : `nats://127.0.0.1:${settings.natsPort}`
    const nats = await connect({ ...server.options, servers, maxReconnectAttempts: -1, reconnectTimeWait: 50 })
    const metrics = new Registry()
    const feeds = createFeeds({
      nats,
      liveVenue: exchange.venue,
      feedTimeoutMs: settings.feedTimeoutMs ?? 60_000,
      cleanupIntervalMs: settings.cleanupIntervalMs ?? 60_000,
      logger,
      background: (name, promise) => {
        promise.catch((error: unknown) => t.fail(name, { error }))
      },
      metrics,
      now: Date.now,
    })
    t.teardown(async () => {
      await feeds.stop()
      await nats.close()
    })
    return { feeds, nats, metrics }
  }
  return { server, exchange, replica }
}

/** A way to a port that can be shut for a while. */
const gateTo = async (t: Test, port: number) => {
  const sockets = new Set<Socket>()
  let isShut = false
  const gate = createServer((client) => {
    if (isShut) return client.destroy()
    const server = dial(port, '127.0.0.1')
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => other.destroy())
      socket.on('close', () => other.destroy())
      socket.pipe(other)
    }
    return undefined
  })
  gate.listen(0, '127.0.0.1')
  await once(gate, 'listening')
  const shut = (): void => {
    isShut = true
    for (const socket of sockets) socket.destroy()
    sockets.clear()
  }
  t.teardown(() => {
    shut()
    gate.close()
  })
  return {
    port: (gate.address() as AddressInfo).port,
    shut,
    open: (): void => {
      isShut = false
    },
  }
}

const until = async (what: string, holds: () => boolean): Promise<void> => {
  for (let tries = 0; tries < 500; tries++) {
    if (holds()) return
    await sleep(20)
  }
  throw new Error(`it never came to: ${what}`)
}

const level = (price: number) => ({ price: String(price), amount: '1' })
const say = (exchange: ScriptedExchange, updateId: number): void =>
  exchange.book('BTC-USDT', updateId, [level(100 - updateId / 100)], [level(101)])

/** Updates that come to a holder, in order. */
const follow = (feeds: FeedService) => {
  const feed = feeds.open(BTC)
  const updates: FeedUpdate<unknown>[] = []
  feed.onUpdate((update) => updates.push(update))
  return { feed, updates, ids: () => updates.map(({ value }) => (value as { updateId: number }).updateId) }
}

const grows = (updates: readonly FeedUpdate<unknown>[]): boolean =>
  updates.every(({ sequence }, index) => sequence > (updates[index - 1]?.sequence ?? 0))

t.test('three replicas have one stream and the same updates', async (t) => {
  const { exchange, replica } = await system(t)
  const replicas = [await replica(), await replica(), await replica()]
  const holders = replicas.map(({ feeds }) => follow(feeds))
  await until('one stream', () => exchange.open('book BTC-USDT') === 1)
  await until('an update everywhere', () => {
    say(exchange, 1)
    return holders.every(({ feed }) => feed.latest() !== undefined)
  })
  say(exchange, 2)
  await until('the newest everywhere', () => holders.every(({ feed }) => feed.latest()?.value.updateId === 2))
  t.equal(exchange.opened('book BTC-USDT'), 1)
  const [first] = holders
  for (const { feed, updates } of holders) {
    t.equal(feed.state(), 'live')
    t.ok(grows(updates))
    t.same(feed.latest(), first?.feed.latest())
  }
})

t.test('a replica that comes later gets what the owner has kept, and may resume from it', async (t) => {
  const { exchange, replica } = await system(t)
  const first = follow((await replica()).feeds)
  await until('a stream', () => exchange.open('book BTC-USDT') === 1)
  for (let id = 1; id <= 5; id++) {
    say(exchange, id)
    await until(`update ${id}`, () => first.feed.latest()?.value.updateId === id)
  }
  const late = follow((await replica()).feeds)
  const newest = await late.feed.ready(5_000)
  t.same(newest, first.feed.latest())
  const [, second] = first.updates
  t.same(
    late.feed.since(second?.sequence ?? 0)?.map(({ value }) => value.updateId),
    [5],
    'the newest book replaces all that were missed',
  )
  t.same(late.feed.since(newest.sequence), [])
  t.equal(late.feed.since(newest.sequence - 1_000_000), undefined, 'unknown to everybody')
  t.equal(exchange.opened('book BTC-USDT'), 1)
})

t.test('a feed that is let go by its owner moves at once and counts on', async (t) => {
  const { exchange, replica } = await system(t)
  const owner = await replica()
  const before = follow(owner.feeds)
  await until('a stream', () => exchange.open('book BTC-USDT') === 1)
  const other = follow((await replica()).feeds)
  await until('an update', () => {
    say(exchange, 1)
    return other.feed.latest() !== undefined
  })
  await owner.feeds.stop()
  await until('a second stream', () => exchange.opened('book BTC-USDT') === 2)
  t.equal(exchange.open('book BTC-USDT'), 1, 'the first one ended before')
  await until('an update of the new owner', () => {
    say(exchange, 2)
    return other.ids().includes(2)
  })
  t.ok(grows(other.updates))
  t.equal(other.updates.length, new Set(other.updates.map(({ sequence }) => sequence)).size)
  t.notOk(before.ids().includes(2))
})

t.test('an interruption makes a feed stale everywhere and is counted; data makes it live again', async (t) => {
  const { exchange, replica } = await system(t)
  const [one, two] = [await replica(), await replica()]
  const holders = [follow(one.feeds), follow(two.feeds)]
  await until('an update everywhere', () => {
    say(exchange, 1)
    return holders.every(({ feed }) => feed.latest() !== undefined)
  })
  exchange.interrupt('book BTC-USDT', 'checksum')
  exchange.interrupt('book BTC-USDT', 'disconnected')
  await until('stale everywhere', () => holders.every(({ feed }) => feed.state() === 'stale'))
  await t.rejects(two.feeds.book('simulator', 'BTC-USDT', 5, 100), FeedNotReady)
  say(exchange, 2)
  await until('live everywhere', () => holders.every(({ feed }) => feed.state() === 'live'))
  t.same(
    holders.map(({ feed }) => feed.latest()?.value.updateId),
    [2, 2],
  )
  const metrics = (await Promise.all([one, two].map(({ metrics }) => metrics.metrics()))).join('\n')
  for (const reason of ['checksum', 'disconnected']) {
    t.match(metrics, new RegExp(`feed_interruptions_total\\{.*reason="${reason}"\\} 1`), reason)
  }
})

t.test('a book is read deeper than its updates go, by any replica', async (t) => {
  const { exchange, replica } = await system(t)
  const [one, two] = [await replica(), await replica()]
  const deep = Array.from({ length: 250 }, (_, index) => level(1_000 - index))
  const told = setInterval(() => exchange.book('BTC-USDT', 7, deep, [level(2_000)]), 20)
  t.teardown(() => clearInterval(told))
  const near = await one.feeds.book('simulator', 'BTC-USDT', 250, 5_000)
  const far = await two.feeds.book('simulator', 'BTC-USDT', 250, 5_000)
  t.equal(exchange.opened('book BTC-USDT'), 1)
  for (const { bids, asks, updateId } of [near, far]) {
    t.same(bids, deep)
    t.same(asks, [level(2_000)])
    t.equal(updateId, 7)
  }
  t.same((await two.feeds.book('simulator', 'BTC-USDT', 3, 5_000)).bids, deep.slice(0, 3))
})

t.test('what a venue refuses is refused everywhere and leaves nothing behind', async (t) => {
  const { exchange, replica } = await system(t)
  const [one, two] = [await replica(), await replica()]
  exchange.refuse('NO-PAIR')
  const key = { kind: 'book', connectorName: 'simulator', tradingPair: 'NO-PAIR' } as const
  const feeds = [one.feeds.open(key), two.feeds.open(key)]
  for (const feed of feeds) await t.rejects(feed.ready(5_000), UnknownPair)
  for (const feed of feeds) feed.close()
  await until('no feed', () => one.feeds.status().length + two.feeds.status().length === 0)
  const manager = await jetstreamManager(one.nats)
  t.equal((await manager.streams.info('KV_market-data-feeds')).state.messages, 0)
  t.throws(() => one.feeds.open({ ...key, tradingPair: 'A B' }), UnknownPair)
  t.throws(() => one.feeds.open({ ...key, tradingPair: 'A'.repeat(65) }), UnknownPair)
})

t.test('a feed lives while any replica uses it and is dropped after the timeout', async (t) => {
  const { exchange, replica } = await system(t)
  const settings = { feedTimeoutMs: 900, cleanupIntervalMs: 100 }
  const [one, two] = [await replica(settings), await replica(settings)]
  const owner = follow(one.feeds)
  await until('a stream', () => exchange.open('book BTC-USDT') === 1)
  const listener = follow(two.feeds)
  await until('an update', () => {
    say(exchange, 1)
    return listener.feed.latest() !== undefined
  })
  owner.feed.close()
  for (let id = 2; id < 40; id++) {
    say(exchange, id)
    await sleep(60)
  }
  t.equal(exchange.opened('book BTC-USDT'), 1, 'the listener kept it alive at the owner')
  t.equal(listener.feed.state(), 'live')
  listener.feed.close()
  await until('no stream', () => exchange.open('book BTC-USDT') === 0)
  await until('no feed', () => one.feeds.status().length + two.feeds.status().length === 0)
  t.equal(exchange.opened('book BTC-USDT'), 1)
})

t.test('trades in thick succession travel together and none is lost', async (t) => {
  const { exchange, replica } = await system(t)
  const [one, two] = [await replica(), await replica()]
  const key = { kind: 'trades', connectorName: 'simulator', tradingPair: 'BTC-USDT' } as const
  const owner = one.feeds.open(key)
  await until('a stream', () => exchange.open('trades BTC-USDT') === 1)
  const listener = two.feeds.open(key)
  const ids: string[] = []
  let updates = 0
  listener.onUpdate(({ value }) => {
    updates++
    for (const { tradeId } of value) ids.push(tradeId)
  })
  const trade = (tradeId: string) => ({ tradeId, price: '1', amount: '1', side: 'buy', time: 1 }) as const
  exchange.trades('BTC-USDT', [trade('first')])
  await until('the listener has the first', () => listener.latest() !== undefined)
  const before = ids.length
  for (let id = 0; id < 1_000; id++) exchange.trades('BTC-USDT', [trade(String(id))])
  await until('the last', () => ids.at(-1) === '999')
  t.same(
    ids.slice(before),
    Array.from({ length: 1_000 }, (_, id) => String(id)),
  )
  t.ok(updates < 100, 'far fewer updates than trades')
  t.equal(owner.latest()?.sequence, listener.latest()?.sequence)
})

t.test('a listener that lost its connection for a moment has every trade', async (t) => {
  const { server, exchange, replica } = await system(t)
  const gate = await gateTo(t, Number(new URL(server.url).port))
  const [one, two] = [await replica(), await replica({ natsPort: gate.port })]
  const key = { kind: 'trades', connectorName: 'simulator', tradingPair: 'BTC-USDT' } as const
  one.feeds.open(key)
  await until('a stream', () => exchange.open('trades BTC-USDT') === 1)
  const ids: string[] = []
  const listener = two.feeds.open(key)
  listener.onUpdate(({ value }) => void ids.push(...value.map(({ tradeId }) => tradeId)))
  let id = 0
  const saying = setInterval(() => {
    exchange.trades('BTC-USDT', [{ tradeId: String(id++), price: '1', amount: '1', side: 'sell', time: 1 }])
  }, 10)
  t.teardown(() => clearInterval(saying))
  await until('trades', () => ids.length > 10)
  const first = Number(ids[0])
  for (let times = 0; times < 3; times++) {
    const before = id
    gate.shut()
    await until('trades it cannot hear', () => id > before + 20)
    gate.open()
    await until('later trades', () => Number(ids.at(-1)) > before + 60)
  }
  t.same(
    ids,
    ids.map((_, index) => String(first + index)),
  )
  t.equal(exchange.opened('trades BTC-USDT'), 1)
})

t.test('messages on the subject are what the contract says', async (t) => {
  const { server, exchange, replica } = await system(t)
  const subscriber = await connect(server.options)
  t.teardown(() => subscriber.close())
  const heard: MarketMessage[] = []
  subscriber.subscribe('market.simulator.BTC-USDT.book', {
    callback: (_, message) => void heard.push(marketMessages.book.parse(message.json())),
  })
  await subscriber.flush()
  const { feeds } = await replica()
  const { feed } = follow(feeds)
  await until('a stream', () => exchange.open('book BTC-USDT') === 1)
  say(exchange, 3)
  await feed.ready(5_000)
  exchange.interrupt('book BTC-USDT', 'sequence-gap')
  await until('stale', () => feed.state() === 'stale')
  await feeds.stop()
  await until('released', () => heard.at(-1)?.type === 'released')
  const update = heard.find(({ type }) => type === 'update')
  t.match(update, {
    connector: 'simulator',
    tradingPair: 'BTC-USDT',
    previous: 0,
    value: { updateId: 3, bids: [['99.97', '1']], asks: [['101', '1']] },
  })
  t.match(
    heard.find((message) => message.type === 'state' && message.state === 'stale'),
    { reason: 'sequence-gap', sequence: update?.sequence },
  )
  t.equal(new Set(heard.map(({ term }) => term)).size, 1)
})

t.test('NATS goes and comes back: the feed goes on without a number twice', async (t) => {
  const { server, exchange, replica } = await system(t)
  const holders = [follow((await replica()).feeds), follow((await replica()).feeds)]
  let id = 0
  const saying = setInterval(() => say(exchange, ++id), 20)
  t.teardown(() => clearInterval(saying))
  await until('updates everywhere', () => holders.every(({ updates }) => updates.length > 3))
  await server.kill()
  // Longer than the lease.
  await until('stale everywhere', () => holders.every(({ feed }) => feed.state() === 'stale'))
  await until('no stream while nobody may own it', () => exchange.open('book BTC-USDT') === 0)
  const counts = holders.map(({ updates }) => updates.length)
  await server.restart()
  await until('updates again', () => holders.every(({ updates }, index) => updates.length > (counts[index] ?? 0) + 3))
  t.equal(exchange.open('book BTC-USDT'), 1)
  for (const { updates } of holders) t.ok(grows(updates))
})

t.test('an owner that slept past its lease says nothing more, not even what came first', async (t) => {
  const { server, exchange, replica } = await system(t)
  const subscriber = await connect(server.options)
  t.teardown(() => subscriber.close())
  const terms = new Map<unknown, number>()
  subscriber.subscribe('market.simulator.BTC-USDT.book', {
    callback: (_, message) => {
      const { type, term, ...rest } = marketMessages.book.parse(message.json())
      if (type === 'update' && 'value' in rest) terms.set(rest.value.updateId, term)
    },
  })
  await subscriber.flush()
  const { feed } = follow((await replica()).feeds)
  await until('a stream', () => exchange.open('book BTC-USDT') === 1)
  say(exchange, 1)
  await until('the first update', () => terms.has(1))
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3_000)
  // Nothing has run yet since the process woke: no timer that could have ended the stream.
  say(exchange, 2)
  await sleep(0)
  t.not(feed.latest()?.value.updateId, 2)
  t.equal(feed.state(), 'stale')
  await until('an update of the next term', () => {
    say(exchange, 3)
    return terms.has(3)
  })
  t.ok((terms.get(3) ?? 0) > (terms.get(1) ?? 0))
  t.notOk(terms.has(2))
})

t.test('NATS that lost all its data is told anew', async (t) => {
  const { exchange, replica } = await system(t)
  const [one, two] = [await replica(), await replica()]
  const holders = [follow(one.feeds), follow(two.feeds)]
  let id = 0
  const saying = setInterval(() => say(exchange, ++id), 20)
  t.teardown(() => clearInterval(saying))
  await until('updates everywhere', () => holders.every(({ updates }) => updates.length > 3))
  const manager = await jetstreamManager(one.nats)
  for (const bucket of ['replicas', 'feeds']) await manager.streams.delete(`KV_market-data-${bucket}`)
  const counts = holders.map(({ updates }) => updates.length)
  await until('a new stream', () => exchange.opened('book BTC-USDT') > 1)
  await until('updates again', () => holders.every(({ updates }, index) => updates.length > (counts[index] ?? 0) + 3))
  await until('one stream', () => exchange.open('book BTC-USDT') === 1)
  for (const { updates } of holders) t.ok(grows(updates))
})

t.test('claims that are lost make two owners for a few seconds at most', async (t) => {
  const { exchange, replica } = await system(t)
  const one = await replica()
  const first = follow(one.feeds)
  let id = 0
  const saying = setInterval(() => say(exchange, ++id), 20)
  t.teardown(() => clearInterval(saying))
  await until('updates', () => first.updates.length > 3)
  await (await jetstreamManager(one.nats)).streams.delete('KV_market-data-feeds')
  const two = await replica()
  const second = follow(two.feeds)
  await until('updates at the second', () => second.updates.length > 3)
  await until(
    'one owner',
    () => [one, two].flatMap(({ feeds }) => feeds.status()).filter((feed) => feed.owned).length === 1,
  )
  await until('one stream', () => exchange.open('book BTC-USDT') === 1)
  const count = first.updates.length
  await until('updates at both', () => first.updates.length > count + 3)
  t.same(first.feed.latest(), second.feed.latest())
  t.ok(grows(first.updates) && grows(second.updates))
  t.match(await one.metrics.metrics(), /feed_interruptions_total\{.*reason="claim-lost"\} 1/)
})

t.test('many replicas that want a feed at the same moment open one stream', async (t) => {
  const { exchange, replica } = await system(t)
  const replicas = await Promise.all(Array.from({ length: 6 }, () => replica()))
  const pairs = Array.from({ length: 10 }, (_, index) => `P${index}-USDT`)
  const feeds = replicas.flatMap(({ feeds }) =>
    pairs.map((tradingPair) => feeds.open({ kind: 'book', connectorName: 'simulator', tradingPair })),
  )
  await until('data everywhere', () => {
    for (const pair of pairs) exchange.book(pair, 1, [level(1)], [level(2)])
    return feeds.every((feed) => feed.latest() !== undefined)
  })
  for (const pair of pairs) t.equal(exchange.opened(`book ${pair}`), 1, pair)
})
