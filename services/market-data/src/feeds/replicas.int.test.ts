import { setTimeout as sleep } from 'node:timers/promises'
import { type MarketMessage, marketMessages } from '@colibri/contracts'
import { type Simulator, startSimulator } from '@colibri/exchange-simulator'
import { contractProblems, type Replica, type ServiceReply, serviceReplicas } from '@colibri/testkit'
import type { NatsConnection } from '@nats-io/nats-core'
import t, { type Test } from 'tap'
import { marketData } from '../testing/market-data.ts'
import { type UpstreamTap, upstreamTap } from '../testing/upstream-tap.ts'

/** The simulator's name for the stream of a book. */
const STREAM = 'btcusdt@depth@100ms'
const BOOK = { connector_name: 'simulator', trading_pair: 'BTC-USDT' }

const system = async (t: Test, count: number) => {
  let simulator: Simulator = await startSimulator()
  t.teardown(() => simulator.close())
  const tap = await upstreamTap(t, simulator.port)
  const replicas = await serviceReplicas(t, {
    ...marketData,
    env: {
      SIMULATOR_REST_URL: `http://127.0.0.1:${tap.port}`,
      SIMULATOR_WS_URL: `ws://127.0.0.1:${tap.port}`,
    },
  })
  return {
    ...replicas,
    all: await Promise.all(Array.from({ length: count }, (_, index) => replicas.start(`replica-${index}`))),
    tap,
    restartSimulator: async (downMs: number) => {
      await simulator.close()
      await sleep(downMs)
      simulator = await startSimulator()
      tap.moveTo(simulator.port)
    },
  }
}

const until = async (what: string, holds: () => boolean | Promise<boolean>): Promise<void> => {
  for (let tries = 0; tries < 600; tries++) {
    if (await holds()) return
    await sleep(50)
  }
  throw new Error(`it never came to: ${what}`)
}

/** Everything published of a book, as a subscriber outside hears it. */
const listen = async (nats: NatsConnection) => {
  const heard: { readonly message: MarketMessage; readonly at: number }[] = []
  nats.subscribe('market.simulator.BTC-USDT.book', {
    callback: (_, message) =>
      void heard.push({ message: marketMessages.book.parse(message.json()), at: performance.now() }),
  })
  await nats.flush()
  return heard
}
type Heard = Awaited<ReturnType<typeof listen>>

const updates = (heard: Heard) => heard.filter(({ message }) => message.type === 'update')
const sequences = (heard: Heard): number[] => updates(heard).map(({ message }) => message.sequence)
const strictlyGrows = (numbers: readonly number[]): boolean =>
  numbers.every((number, index) => number > (numbers[index - 1] ?? 0))

const metrics = async (replica: Replica): Promise<string> => (await replica.get('/metrics')).text

/** What its metrics say of the feeds. */
const feeds = async (replica: Replica): Promise<string[]> =>
  (await metrics(replica)).split('\n').filter((line) => line.startsWith('colibri_feeds{'))

const said = async (reply: Promise<ServiceReply>) => {
  const { status, body } = await reply
  return { status, body }
}

const ownerOf = async (replicas: readonly Replica[]): Promise<Replica[]> => {
  const owners = await Promise.all(
    replicas.map(async (replica) =>
      (await feeds(replica)).some((line) => line.includes('role="owner"')) ? replica : [],
    ),
  )
  return owners.flat()
}

const liveAt = async (replica: Replica): Promise<boolean> =>
  (await feeds(replica)).some((line) => line.includes('state="live"') && / [1-9]\d*$/.test(line))

/** Whichever replica is asked, the answer is about the feeds of all. */
const answersForAll = async (t: Test, all: readonly Replica[], tap: UpstreamTap): Promise<void> => {
  for (const replica of all) {
    const active = await replica.get('/market-data/active-feeds')
    t.match(active.body, {
      'order_book_simulator_BTC-USDT': { feed_type: 'order_book', config: /connector='simulator' .* state='live'/ },
    })
    t.same(contractProblems('get', '/market-data/active-feeds', active.body), [])
    const told = await replica.get('/market-data/order-book/diagnostics/simulator?account_name=x')
    t.match(told.body, { tracker_ready: true, trading_pairs: ['BTC-USDT'], websocket_status: 'connected' })
    t.same(contractProblems('get', '/market-data/order-book/diagnostics/{connector_name}', told.body), [])
    const settings = await replica.get('/market-data/settings')
    t.match(settings.body, { cleanup_interval: 300, feed_timeout: 600 })
    t.same(contractProblems('get', '/market-data/settings', settings.body), [])
    const restarted = await replica.post('/market-data/order-book/restart/simulator', null)
    t.match(restarted, { status: 200, body: { success: true, trading_pairs: ['BTC-USDT'] } })
    t.same(contractProblems('post', '/market-data/order-book/restart/{connector_name}', restarted.body), [])
  }
  const [one, two] = all
  if (one === undefined || two === undefined) throw new Error('two replicas are needed')
  const eth = { connector_name: 'simulator', trading_pair: 'ETH-USDT' }
  t.equal((await one.post('/market-data/trading-pair/add', eth)).status, 200)
  const message = (text: string) => ({ ...eth, message: text })
  t.same(await said(two.post('/market-data/trading-pair/remove', eth)), {
    status: 200,
    body: { success: true, ...message('Trading pair ETH-USDT removed') },
  })
  t.same(await said(one.post('/market-data/trading-pair/remove', eth)), {
    status: 200,
    body: { success: false, ...message('Trading pair ETH-USDT not found or already removed') },
  })
  await until('its stream ended', () => tap.subscribed('ethusdt@depth@100ms') === 0)

  const nobody = { connector_name: 'nope', trading_pair: 'ETH-USDT' }
  t.same(await said(one.post('/market-data/trading-pair/add', nobody)), {
    status: 404,
    body: { detail: 'Error initializing order book: Connector nope not found' },
  })
  t.same(await said(one.post('/market-data/trading-pair/add', { ...eth, trading_pair: 'NO-PAIR' })), {
    status: 404,
    body: { detail: 'Failed to initialize order book for NO-PAIR' },
  })
  t.equal((await one.post('/market-data/trading-pair/add', { ...eth, timeout: 121 })).status, 422)
  t.same(await said(one.get('/market-data/order-book/diagnostics/nope')), {
    status: 404,
    body: { detail: 'Error getting diagnostics: Connector nope not found' },
  })
  t.same(await said(one.post('/market-data/order-book/restart/nope', null)), {
    status: 404,
    body: { detail: 'Error restarting order book tracker: Connector nope not found' },
  })
  t.same(await said(one.post('/market-data/order-book/restart/simulator_perpetual', null)), {
    status: 200,
    body: { success: false, error: 'No trading pairs to restart' },
  })
}

t.test('three processes have one stream of a book; it moves when its owner is killed', async (t) => {
  const { nats, all, tap } = await system(t, 3)
  const heard = await listen(nats)
  const added = await Promise.all(all.map((replica) => replica.post('/market-data/trading-pair/add', BOOK)))
  for (const { status, body } of added)
    t.same([status, body], [200, { success: true, ...BOOK, message: 'Order book initialized for BTC-USDT' }])
  t.equal(tap.subscribed(STREAM), 1, 'one stream for three processes')
  t.equal(tap.sockets(), 1)
  await until('updates', () => updates(heard).length > 3)

  await answersForAll(t, all, tap)

  const [owner, ...more] = await ownerOf(all)
  if (owner === undefined) throw new Error('nobody owns the book')
  t.same(more, [])
  const before = updates(heard).length
  const killedAt = performance.now()
  owner.process.kill('SIGKILL')
  await until('updates of another owner', () => updates(heard).length > before + 3)
  const firstOfNext = updates(heard).find(({ message }) => message.owner !== heard[0]?.message.owner)
  const tookMs = (firstOfNext?.at ?? Number.POSITIVE_INFINITY) - killedAt
  t.comment(`the book moved in ${Math.round(tookMs)} ms`)
  t.ok(tookMs < 5_000, 'within 5 s of the death')
  t.ok(strictlyGrows(sequences(heard)), 'no number twice and none smaller')
  t.equal(tap.subscribed(STREAM), 1)
  const left = all.filter((replica) => replica !== owner)
  for (const replica of left) await until(`live at ${replica.name}`, () => liveAt(replica))
  t.equal((await ownerOf(left)).length, 1)
})

t.test('two processes go through whatever happens around them', async (t) => {
  const running = await system(t, 2)
  const heard = await listen(running.nats)
  for (const replica of running.all) t.equal((await replica.post('/market-data/trading-pair/add', BOOK)).status, 200)
  await until('updates', () => updates(heard).length > 3)
  const liveEverywhere = async (): Promise<void> => {
    await until('one stream', () => running.tap.subscribed(STREAM) === 1)
    for (const replica of running.all) await until(`live at ${replica.name}`, () => liveAt(replica))
  }

  await t.test('an owner that slept past its lease publishes nothing when it wakes, and listens', async (t) => {
    const [owner] = await ownerOf(running.all)
    if (owner === undefined) throw new Error('nobody owns the book')
    const asleep = heard.at(-1)?.message.owner
    owner.process.kill('SIGSTOP')
    await until('updates of another owner', () => updates(heard).at(-1)?.message.owner !== asleep)
    const wokenAt = performance.now()
    owner.process.kill('SIGCONT')
    await liveEverywhere()
    const count = updates(heard).length
    await until('more updates', () => updates(heard).length > count + 3)
    t.same(
      heard.filter(({ message, at }) => at > wokenAt && message.owner === asleep),
      [],
    )
    t.ok(strictlyGrows(sequences(heard)))
    const [now] = await ownerOf(running.all)
    t.not(now?.name, owner.name)
  })

  await t.test('the exchange goes and comes back: stale, then live', async (t) => {
    await running.restartSimulator(1_000)
    const isStale = ({ message }: Heard[number]): boolean => message.type === 'state' && message.state === 'stale'
    await until('said to be stale', () => heard.some(isStale))
    await until('updates after it was', () => updates(heard.slice(heard.findLastIndex(isStale))).length > 3)
    await liveEverywhere()
    const counted = await Promise.all(running.all.map(metrics))
    t.match(counted.join('\n'), /colibri_feed_interruptions_total\{.*kind="book",reason="disconnected"/)
    t.ok(strictlyGrows(sequences(heard)))
  })

  await t.test('NATS goes for less than a lease, then for longer', async (t) => {
    let before = updates(heard).length
    await running.server.kill()
    await running.server.restart()
    await until('updates after the short outage', () => updates(heard).length > before + 5)
    await liveEverywhere()

    before = updates(heard).length
    await running.server.kill()
    await until('no stream while nobody may own it', () => running.tap.subscribed(STREAM) === 0)
    await running.server.restart()
    await until('updates after the long outage', () => updates(heard).length > before + 5)
    await liveEverywhere()
    t.ok(strictlyGrows(sequences(heard)))
  })
})
