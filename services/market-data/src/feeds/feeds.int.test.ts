import { setTimeout as sleep } from 'node:timers/promises'
import { marketMessages } from '@colibri/contracts'
import { UnknownPair } from '@colibri/exchange'
import { createLogger } from '@colibri/service-kit'
import { testNats } from '@colibri/testkit'
import { connect } from '@nats-io/transport-node'
import { Registry } from 'prom-client'
import t, { type Test } from 'tap'
import { type ScriptedExchange, scriptedExchange } from '../testing/scripted-live-venue.ts'
import { FeedNotReady, type FeedUpdate } from './feed.ts'
import { createFeeds, type FeedService } from './feeds.ts'

const BTC = { kind: 'book', connectorName: 'simulator', tradingPair: 'BTC-USDT' } as const
const logger = createLogger({ service: 'market-data', instanceId: 'test', level: 'fatal' })

const system = async (t: Test) => {
  const server = await testNats(t)
  const exchange = scriptedExchange()
  const replica = async (settings: { feedTimeoutMs?: number; cleanupIntervalMs?: number } = {}) => {
    const nats = await connect({ ...server.options, maxReconnectAttempts: -1, reconnectTimeWait: 50 })
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
