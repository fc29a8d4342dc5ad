import { existsSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { instanceAnnouncement } from '@colibri/contracts'
import { basicAuth, type SocketClient, type SocketMessage, socketClient } from '@colibri/testkit'
import { connect } from '@nats-io/transport-node'
import t from 'tap'
import { type Colibri, startColibri } from './colibri.ts'

/** Recordings of the original server, beside a checkout that has them. */
const file = new URL('../../../../shared/contract/recordings/websocket.jsonl', import.meta.url)

interface Recorded {
  readonly name: string
  readonly path: string
  readonly events: readonly { readonly d: 'open' | 'send' | 'recv' | 'close'; readonly x?: unknown }[]
}

const recorded = (): readonly Recorded[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Recorded => JSON.parse(line))
    .filter(({ path }) => path.startsWith('/ws/market-data'))

/** The exchange of the recordings was called by another name; ids and times differ from run to run. */
const comparable = (message: unknown): unknown =>
  JSON.parse(JSON.stringify(message).replaceAll('binance', 'simulator'), (key, value) =>
    key === 'timestamp' ? typeof value : key === 'connection_id' ? String(value).length : value,
  )

/** Types, keys and what they hold, without values. */
const shape = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.slice(0, 1).map(shape)
  if (typeof value !== 'object' || value === null) return typeof value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shape(inner)]))
}

const heardIn = ({ events }: Recorded): readonly SocketMessage[] =>
  events.filter(({ d }) => d === 'recv').map(({ x }) => x as SocketMessage)
const saidIn = ({ events }: Recorded): readonly unknown[] => events.filter(({ d }) => d === 'send').map(({ x }) => x)

/** The metrics of the one replica of market-data, which has a port of its own choice. */
const metricsOf = async (colibri: Colibri): Promise<(name: string) => Promise<number>> => {
  const { urls } = await colibri.run()
  const secrets = JSON.parse(await readFile(join(colibri.home, 'secrets.json'), 'utf8')) as {
    nats: Record<string, string>
  }
  const nats = await connect({ servers: urls.nats ?? '', user: 'launcher', pass: secrets.nats.launcher ?? '' })
  let url = ''
  for await (const message of nats.subscribe('instances.market-data', { max: 1 }))
    url = instanceAnnouncement.parse(message.json()).url
  await nats.close()
  return async (series) => {
    const text = await (await fetch(`${url}/metrics`)).text()
    const [name, label = ''] = series.split(/[{}]/)
    const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) && line.includes(label))
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
  }
}

const wish = (fields: object) => ({
  action: 'subscribe',
  connector: 'simulator',
  trading_pair: 'BTC-USDT',
  update_interval: 0.25,
  ...fields,
})

t.test('live sockets through the edge', { timeout: 240_000 }, async (t) => {
  const colibri = await startColibri({ env: { MARKET_DATA_SLOW_CLIENT_TIMEOUT: '3' } })
  t.teardown(() => colibri.stop())
  const open = (path: string, headers?: Record<string, string>): SocketClient => {
    const client = socketClient(colibri.url + path, headers === undefined ? {} : { headers })
    t.teardown(() => client.socket.terminate())
    return client
  }

  const skip = existsSync(file) ? false : 'no recordings beside this checkout'
  await t.test('message by message as the original', { skip }, async (t) => {
    const data = ['candles', 'order book', 'trades']
    const repaired = ['malformed json', 'array json']
    for (const session of recorded()) {
      const { name, path } = session
      const logins = path.includes('?') || name === 'no auth' ? {} : basicAuth
      const client = open(path, logins)
      const original = heardIn(session)
      if (original[0]?.type !== 'connected') {
        const end = session.events.find(({ d }) => d === 'close')?.x
        t.same(await client.closed, end, name)
        t.same(client.heard, original, name)
        continue
      }
      await client.hear(() => true)
      const requests = saidIn(session).map((request) =>
        typeof request === 'string' ? request : (comparable(request) as object),
      )
      if (data.includes(name)) {
        let from = 1
        for (const { d, x } of session.events) {
          if (d !== 'send' && d !== 'recv') continue
          const theirs = comparable(x) as SocketMessage
          if (d === 'send') client.say(theirs)
          if (d === 'send' || theirs.type === 'connected') continue
          const mine = await client.hear(({ type }) => type === theirs.type, from)
          from = client.heard.indexOf(mine) + 1
          if (/subscribed$/.test(theirs.type)) t.same(mine, theirs, name)
          else {
            t.same(shape(mine), { ...(shape(x) as object), sequence: 'number' }, `${name}: ${theirs.type}`)
            t.equal(mine.subscription_id, theirs.subscription_id)
          }
        }
      } else {
        for (const request of requests) await client.ask(request)
        if (repaired.includes(name)) {
          t.match(client.heard[1], { type: 'error', message: String }, `${name}: the original died of it`)
          t.match(await client.ask({ action: 'ping' }), { type: 'pong' }, name)
        } else if (name === 'candles bad interval') {
          t.match(client.heard[1], { type: 'error', message: /^Failed to start feed: .*'7m'/ }, name)
        } else t.same(client.heard.map(comparable), original.map(comparable), name)
      }
      await client.leave()
    }
  })

  await t.test('the older path, and a client that comes back', async (t) => {
    const first = open('/market-data/stream?username=admin&password=admin', {})
    await first.hear(({ type }) => type === 'connected')
    await first.ask(wish({ type: 'trades' }))
    const batch = await first.hear(({ type }) => type === 'trades')
    await first.leave()
    const second = open('/ws/market-data')
    await second.hear(({ type }) => type === 'connected')
    const answer = await second.ask(wish({ type: 'trades', resume_from: batch.sequence }))
    t.match(answer, { type: 'subscribed', resumed: true })
    const next = await second.hear(({ type }) => type === 'trades')
    t.equal(next.resumed, true)
    t.ok(Number(next.sequence) > Number(batch.sequence))
    // The trades it is subscribed to already come while the replica waits to hear what the client claims to have heard.
    second.say(wish({ type: 'trades', resume_from: Number.MAX_SAFE_INTEGER }))
    await second.hear(({ type, resumed }) => type === 'subscribed' && resumed === false)
    await second.leave()
  })

  await t.test('five clients that never read', async (t) => {
    const metric = await metricsOf(colibri)
    const reader = open('/ws/market-data')
    await reader.hear(({ type }) => type === 'connected')
    await reader.ask(wish({ type: 'trades' }))
    await reader.ask(wish({ type: 'order_book' }))
    const deaf = Array.from({ length: 5 }, () => open('/ws/market-data'))
    for (const client of deaf) {
      await client.hear(({ type }) => type === 'connected')
      for (const trading_pair of ['BTC-USDT', 'ETH-USDT'])
        await client.ask(wish({ type: 'candles', interval: '1s', max_records: 3_000, trading_pair }))
      client.socket.pause()
    }
    let most = 0
    while ((await metric('colibri_live_closed_total{reason="slow"}')) < deaf.length) {
      most = Math.max(most, await metric('colibri_live_buffered_bytes'))
      await sleep(250)
    }
    t.ok(most > 0 && most < deaf.length * 1024 * 1024, `${most} bytes at most were kept for them`)
    t.equal(await metric('colibri_live_subscriptions'), 2, 'the reader alone is served')
    const from = reader.heard.length
    await reader.hear(({ type }) => type === 'trades', from)
    await reader.hear(({ type }) => type === 'order_book', from)
    reader.say({ action: 'ping' })
    await reader.hear(({ type }) => type === 'pong')
    for (const client of deaf) client.socket.resume()
    for (const client of deaf)
      t.same(await client.closed, { code: 4008, reason: 'Messages were not read for 3 s' }, 'they are told why')
    await reader.leave()
  })

  await t.test('a replica that stops leaves its clients to the next one', async (t) => {
    const client = open('/ws/market-data')
    await client.hear(({ type }) => type === 'connected')
    await client.ask(wish({ type: 'order_book' }))
    await client.hear(({ type }) => type === 'order_book')
    const { processes } = await colibri.run()
    const replica = processes.find(({ name }) => name === 'market-data')
    process.kill(replica?.pid ?? 0, 'SIGTERM')
    const { pid } = replica ?? {}
    for (let next = pid; next === pid || next === undefined; await sleep(50))
      next = (await colibri.run()).processes.find(({ name }) => name === 'market-data')?.pid
    const from = client.heard.length
    await client.hear(({ type }) => type === 'order_book', from)
    t.equal(client.heard.filter(({ type }) => type === 'connected').length, 1, 'it noticed nothing')
    await client.leave()
  })
})
