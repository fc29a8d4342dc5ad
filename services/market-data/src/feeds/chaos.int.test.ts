import { setTimeout as sleep } from 'node:timers/promises'
import { type MarketMessage, marketMessages } from '@colibri/contracts'
import { createLogger } from '@colibri/service-kit'
import { testNats } from '@colibri/testkit'
import { connect } from '@nats-io/transport-node'
import { Registry } from 'prom-client'
import t from 'tap'
import { scriptedExchange } from '../testing/scripted-live-venue.ts'
import type { FeedBook, FeedUpdate, OpenFeed } from './feed.ts'
import { createFeeds, type FeedService } from './feeds.ts'

const PAIRS = ['A-USDT', 'B-USDT', 'C-USDT']
const STEPS = 150
const seed = Number(process.env.CHAOS_SEED ?? Math.floor(Math.random() * 2 ** 31))

/** The same numbers for the same seed. */
const random = ((state: number) => () => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  return state / 2 ** 32
})(seed)
const pick = <T>(list: readonly T[]): T => {
  const one = list[Math.floor(random() * list.length)]
  if (one === undefined) throw new Error('nothing to pick from')
  return one
}

t.test(`replicas come, go, lose NATS and hold feeds at random (CHAOS_SEED=${seed})`, async (t) => {
  const server = await testNats(t)
  const exchange = scriptedExchange()
  const subscriber = await connect({ ...server.options, maxReconnectAttempts: -1, reconnectTimeWait: 20 })
  t.teardown(() => subscriber.close())
  const published = new Map<string, MarketMessage[]>(PAIRS.map((pair) => [pair, []]))
  subscriber.subscribe('market.simulator.*.book', {
    callback: (_, raw) => {
      const message = marketMessages.book.parse(raw.json())
      published.get(message.tradingPair)?.push(message)
    },
  })
  await subscriber.flush()

  const replicas = new Set<{ feeds: FeedService; end(): Promise<void> }>()
  const ended: Promise<void>[] = []
  const join = async (): Promise<void> => {
    const nats = await connect({ ...server.options, maxReconnectAttempts: -1, reconnectTimeWait: 20 })
    const feeds = createFeeds({
      nats,
      liveVenue: exchange.venue,
      feedTimeoutMs: 1_000,
      cleanupIntervalMs: 100,
      logger: createLogger({ service: 'market-data', instanceId: 'test', level: 'fatal' }),
      background: (_, promise) => {
        promise.catch((error: unknown) => t.fail('background work failed', { error }))
      },
      metrics: new Registry(),
      now: Date.now,
    })
    replicas.add({
      feeds,
      end: async () => {
        await feeds.stop()
        await nats.close()
      },
    })
  }
  t.teardown(async () => {
    await Promise.all([...ended, ...[...replicas].map((replica) => replica.end())])
  })

  const held = new Set<{ pair: string; feed: OpenFeed<FeedBook>; updates: FeedUpdate<FeedBook>[]; of: FeedService }>()
  let id = 0
  const saying = setInterval(() => {
    id++
    for (const pair of PAIRS)
      exchange.book(pair, id, [{ price: '1', amount: String(id) }], [{ price: '2', amount: String(id) }])
  }, 15)
  t.teardown(async () => clearInterval(saying))

  await join()
  await join()
  for (let step = 0; step < STEPS; step++) {
    const dice = random()
    if (dice < 0.45) {
      const { feeds } = pick([...replicas])
      const pair = pick(PAIRS)
      const feed = feeds.open({ kind: 'book', connectorName: 'simulator', tradingPair: pair })
      const updates: FeedUpdate<FeedBook>[] = []
      feed.onUpdate((update) => updates.push(update))
      held.add({ pair, feed, updates, of: feeds })
    } else if (dice < 0.75 && held.size > 0) {
      const one = pick([...held])
      one.feed.close()
      held.delete(one)
    } else if (dice < 0.85 && replicas.size > 1) {
      const gone = pick([...replicas])
      replicas.delete(gone)
      for (const one of held) if (one.of === gone.feeds) held.delete(one)
      ended.push(gone.end())
    } else if (dice < 0.97 && replicas.size < 5) await join()
    else if (dice > 0.98) {
      await server.kill()
      await sleep(random() * 200)
      await server.restart()
    }
    await sleep(random() * 80)
    for (const { updates } of held) {
      const wrong = updates.findIndex(({ sequence }, at) => sequence <= (updates[at - 1]?.sequence ?? 0))
      if (wrong >= 0) t.fail('a holder saw a number twice or a smaller one', { step, wrong })
    }
  }

  const wanted = new Set([...held].map(({ pair }) => pair))
  const settled = (): boolean =>
    PAIRS.every((pair) => exchange.open(`book ${pair}`) === (wanted.has(pair) ? 1 : 0)) &&
    [...held].every(({ feed }) => feed.state() === 'live' && (feed.latest()?.value.updateId ?? 0) > id - 50)
  for (let tries = 0; tries < 500 && !settled(); tries++) await sleep(30)
  t.same(
    Object.fromEntries(PAIRS.map((pair) => [pair, exchange.open(`book ${pair}`)])),
    Object.fromEntries(PAIRS.map((pair) => [pair, wanted.has(pair) ? 1 : 0])),
    'one stream of each feed that is held, none of the others',
  )
  t.ok(settled(), 'every holder has what is new')
  for (const [pair, messages] of published) {
    // By the rule for subscribers: a lower term than the highest seen is dropped.
    let term = 0
    const updates = messages.filter((message) => {
      const current = message.term >= term
      term = Math.max(term, message.term)
      return current && message.type === 'update'
    })
    t.ok(updates.length > 0, `${pair} was published`)
    const wrong = updates.findIndex(({ sequence }, at) => sequence <= (updates[at - 1]?.sequence ?? 0))
    t.equal(wrong, -1, `${pair} never repeats a number`)
  }
})
