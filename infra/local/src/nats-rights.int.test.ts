import { inboxPrefix } from '@colibri/contracts'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { Kvm } from '@nats-io/kv'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { connectAsync } from 'mqtt'
import t, { type Test } from 'tap'
import { startNats } from './embedded-nats.ts'
import { natsUserNames, natsUsers } from './nats-users.ts'

const start = async (t: Test) => {
  const users = natsUsers(Object.fromEntries(natsUserNames.map((name) => [name, `secret-of-${name}`])))
  const nats = await startNats({ dir: t.testdir({}), users })
  t.teardown(() => nats.stop())
  const as = async (user: string): Promise<NatsConnection> => {
    // Programs outside use a plain client as it comes.
    const inbox = user === 'subscriber' ? {} : { inboxPrefix: inboxPrefix(user) }
    const connection = await connect({ servers: nats.url, user, pass: `secret-of-${user}`, ...inbox })
    t.teardown(() => connection.close())
    return connection
  }
  return { nats, as }
}

/** The first thing the server refuses to `connection`. */
const refusal = async (connection: NatsConnection): Promise<string> => {
  for await (const status of connection.status()) if (status.type === 'error') return String(status.error.message)
  return 'connection closed'
}

t.test('trading may ask market-data, market-data may answer, and not the other way round', async (t) => {
  const { as } = await start(t)
  const trading = await as('trading')
  const marketData = await as('market-data')
  marketData.subscribe('rpc.market-data.prices', { callback: (_, message) => void message.respond('42') })
  await marketData.flush()
  t.equal((await trading.request('rpc.market-data.prices', '', { timeout: 2_000 })).string(), '42')
  const refused = refusal(marketData)
  marketData.publish('rpc.trading.balances', '')
  t.match(await refused, /Permissions Violation.*rpc\.trading\.balances/i)
})

t.test('a subscriber follows and replays events, and publishes none', async (t) => {
  const { as } = await start(t)
  const trading = await as('trading')
  await (await jetstreamManager(trading)).streams.add({ name: 'EVENTS', subjects: ['events.>'] })
  await jetstream(trading).publish('events.order.1.OrderSubmitted', '{}')
  const subscriber = await as('subscriber')
  const live = new Promise<string>((resolve) =>
    subscriber.subscribe('events.order.>', { callback: (_, message) => resolve(message.subject) }),
  )
  await subscriber.flush()
  await jetstream(trading).publish('events.order.1.OrderFilled', '{}')
  t.equal(await live, 'events.order.1.OrderFilled')
  const consumer = await jetstream(subscriber).consumers.get('EVENTS', { filter_subjects: 'events.order.>' })
  const replayed: string[] = []
  for await (const message of await consumer.fetch({ max_messages: 2, expires: 2_000 })) replayed.push(message.subject)
  t.same(replayed, ['events.order.1.OrderSubmitted', 'events.order.1.OrderFilled'])
  const refused = refusal(subscriber)
  subscriber.publish('events.order.1.OrderFilled', '{}')
  t.match(await refused, /Permissions Violation/i)
  await t.rejects((await jetstreamManager(subscriber)).streams.delete('EVENTS'))
})

t.test('nobody reads the replies of another', async (t) => {
  const { as } = await start(t)
  for (const user of ['subscriber', 'market-data', 'gateway']) {
    const curious = await as(user)
    const refused = refusal(curious)
    curious.subscribe(`${inboxPrefix('trading')}.>`, { callback: () => undefined })
    t.match(await refused, /Permissions Violation.*_INBOX_trading/i, user)
  }
})

t.test('bots speak MQTT, orchestration hears them over NATS and answers', async (t) => {
  const { nats, as } = await start(t)
  const login = { username: 'bots', password: 'secret-of-bots', protocolVersion: 4 as const }
  const bot = await connectAsync(`mqtt://127.0.0.1:${nats.mqttPort}`, login)
  t.teardown(() => bot.endAsync())
  const orchestration = await as('orchestration')
  const heard = new Promise<string>((resolve) =>
    orchestration.subscribe('hbot.>', { callback: (_, message) => resolve(`${message.subject} ${message.string()}`) }),
  )
  await orchestration.flush()
  const told = new Promise<string>((resolve) => bot.once('message', (topic, body) => resolve(`${topic} ${body}`)))
  await bot.subscribeAsync('hbot/one/start', { qos: 1 })
  await bot.publishAsync('hbot/one/hb', 'alive', { qos: 1 })
  t.equal(await heard, 'hbot.one.hb alive')
  orchestration.publish('hbot.one.start', 'go')
  t.equal(await told, 'hbot/one/start go')
})

t.test('replicas of market-data agree on feeds among themselves, and nobody interferes', async (t) => {
  const { as } = await start(t)
  const [one, two] = [await as('market-data'), await as('market-data')]
  const options = { ttl: 60_000, allow_direct: false }
  const replicas = await new Kvm(one).create('market-data-replicas', options)
  const seen = await new Kvm(two).create('market-data-replicas', options)
  const revision = await replicas.create('session', '')
  t.equal((await seen.status()).ttl, 60_000)
  t.equal((await seen.get('session'))?.revision, revision)
  await replicas.update('session', '', revision)
  await t.rejects(seen.update('session', '', revision), { code: 10_071 }, 'compare-and-set')
  await replicas.purge('session')
  const feeds = await new Kvm(one).create('market-data-feeds', { allow_direct: false })
  await feeds.create('simulator.BTC-USDT.book', '{}')
  const manager = await jetstreamManager(one, { checkAPI: false })
  const bucket = 'KV_market-data-feeds'
  t.equal((await manager.streams.info(bucket, { subjects_filter: '>' })).state.num_subjects, 1)
  await manager.streams.purge(bucket, { filter: '$KV.market-data-feeds.simulator.BTC-USDT.book' })

  two.subscribe('feeds.two', { callback: (_, message) => void message.respond('heard') })
  await two.flush()
  t.equal((await one.request('feeds.two', '', { timeout: 2_000 })).string(), 'heard')

  for (const user of ['trading', 'subscriber']) {
    const curious = await as(user)
    for (const subject of ['feeds.two', '$KV.market-data-feeds.simulator.BTC-USDT.book']) {
      const refused = refusal(curious)
      curious.publish(subject, '{}')
      t.match(await refused, /Permissions Violation/i, `${user} may not publish ${subject}`)
    }
  }
})

t.test('services that ask venues share one bucket of budgets, and nobody interferes', async (t) => {
  const { as } = await start(t)
  const marketData = await as('market-data')
  const mine = await new Kvm(marketData).create('venue-budgets', { history: 1, allow_direct: false })
  const seen = await new Kvm(await as('trading')).create('venue-budgets', { history: 1, allow_direct: false })
  const changes = await seen.watch()
  const first = changes[Symbol.asyncIterator]().next()
  const revision = await mine.put('standing.host.shared', '{}', { previousSeq: 0 })
  t.match(await first, { value: { key: 'standing.host.shared', revision } })
  await t.rejects(seen.put('standing.host.shared', '{}', { previousSeq: 0 }), { code: 10_071 }, 'compare-and-set')
  await seen.purge('standing.host.shared')
  changes.stop()
  for (const user of ['portfolio', 'subscriber']) {
    const curious = await as(user)
    const refused = refusal(curious)
    curious.publish('$KV.venue-budgets.standing.host.shared', '{}')
    t.match(await refused, /Permissions Violation/i, `${user} may not change a budget`)
  }
})
