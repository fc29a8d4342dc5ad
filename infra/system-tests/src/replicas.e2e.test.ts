import { setTimeout as sleep } from 'node:timers/promises'
import { basicAuth } from '@colibri/testkit'
import t from 'tap'
import { WebSocket } from 'ws'
import { type Colibri, startColibri } from './colibri.ts'
import { listenersByStream } from './simulator.ts'

const CLIENTS = 1_000
/** Opened at a time: a thousand handshakes at once test the handshake. */
const AT_ONCE = 25
const REPLICAS = 3
/** A feed that is silent this long after its owner's death has not moved. The aim is 5 s; a busy machine gets more. */
const MOVED_MS = 20_000
/** What was on its way when a replica died still arrives. */
const SETTLE_MS = 300

const book = (connector: string, pair: string) => ({ type: 'order_book', connector, trading_pair: pair })
const trades = (connector: string, pair: string) => ({ type: 'trades', connector, trading_pair: pair })
const feeds = [
  ...['BTC-USDT', 'ETH-USDT', 'BNB-USDT', 'ADA-USDT'].map((pair) => book('simulator', pair)),
  ...['BTC-USDT', 'ETH-USDT', 'ADA-USDT'].map((pair) => book('simulator_perpetual', pair)),
  trades('simulator', 'BTC-USDT'),
  trades('simulator', 'ETH-USDT'),
  trades('simulator_perpetual', 'BTC-USDT'),
]

interface Listener {
  readonly feed: number
  /** Epoch milliseconds of the newest data. */
  heardAt: number
  messages: number
  /** Data whose number was not above the one before: that number, and how the message ends. */
  readonly repeated: string[]
  closed: number | undefined
  readonly socket: WebSocket
}

const SEQUENCE = /"sequence":(\d+)/
/** Trades may be missing, and here is none. */
const GAP = /"data":\[\],.*"resumed":false\}$/
/** It is among the last members. */
const SEQUENCE_WITHIN = 200

/** Resolves when the first data has come. */
const listen = (url: string, feed: number): Promise<Listener> =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/ws/market-data`, {
      headers: basicAuth,
      perMessageDeflate: false,
    })
    const listener: Listener = { feed, heardAt: 0, messages: 0, repeated: [], closed: undefined, socket }
    let last = 0
    socket.once('error', reject)
    socket.once('open', () =>
      socket.send(JSON.stringify({ action: 'subscribe', update_interval: 0.25, ...feeds[feed] })),
    )
    socket.on('message', (data: Buffer) => {
      const text = data.toString('latin1')
      if (text.startsWith('{"type":"error"')) return reject(new Error(text))
      const end = text.slice(-SEQUENCE_WITHIN)
      const sequence = Number(SEQUENCE.exec(end)?.[1] ?? 0)
      if (sequence === 0 || GAP.test(end)) return
      if (sequence <= last) listener.repeated.push(`${feeds[feed]?.type}: ${end} after ${last}`)
      last = sequence
      listener.heardAt = Date.now()
      listener.messages += 1
      if (listener.messages === 1) resolve(listener)
    })
    socket.on('close', (code) => {
      listener.closed = code
    })
  })

const listenAll = async (colibri: Colibri): Promise<Listener[]> => {
  const listeners: Listener[] = []
  for (let first = 0; first < CLIENTS; first += AT_ONCE) {
    const some = Array.from({ length: AT_ONCE }, (_, at) => listen(colibri.url, (first + at) % feeds.length))
    listeners.push(...(await Promise.all(some)))
  }
  return listeners
}

/** Milliseconds from a moment until every listener has heard data again; rejects when one does not in time. */
const silenceSince = async (moment: number, listeners: readonly Listener[]): Promise<number> => {
  for (;;) {
    const now = Date.now()
    const silent = listeners.filter(({ heardAt }) => heardAt <= moment + SETTLE_MS)
    if (silent.length === 0) return now - moment
    if (now - moment > MOVED_MS) {
      const which = [...new Set(silent.map(({ feed }) => JSON.stringify(feeds[feed])))]
      throw new Error(`${silent.length} clients hear nothing of ${which.join(', ')}`)
    }
    await sleep(20)
  }
}

t.test('a thousand clients on ten feeds of three replicas, each of which is killed in turn', async (t) => {
  const colibri = await startColibri({ args: ['--services', `market-data=${REPLICAS}`] })
  t.teardown(() => colibri.stop())
  const { urls, processes } = await colibri.run()
  const simulator = urls.simulator ?? ''
  const names = processes.map(({ name }) => name).filter((name) => name.startsWith('market-data'))
  t.equal(names.length, REPLICAS)

  const trading = new AbortController()
  const traded = keepTrading(simulator, trading.signal)
  t.teardown(async () => {
    trading.abort()
    await traded
  })
  const listeners = await listenAll(colibri)
  t.teardown(() => {
    for (const { socket } of listeners) socket.terminate()
  })
  t.equal(listeners.length, CLIENTS)

  const streams = async () =>
    [...(await listenersByStream(simulator))].filter(([name]) => /@(depth|trade|aggTrade)/.test(name))
  const before = await streams()
  t.equal(before.length, feeds.length, 'one stream for each feed')
  t.same(
    before.filter(([, connections]) => connections !== 1),
    [],
    'each on one connection to the exchange, however many replicas and clients',
  )

  for (const name of names) {
    const moment = Date.now()
    await colibri.kill(name)
    const silence = await silenceSince(moment, listeners)
    t.comment(`${name} was killed: after ${silence} ms every client had heard its feed again`)
    t.equal(listeners.filter(({ closed }) => closed !== undefined).length, 0, 'no client was disconnected')
    await replicasReady(colibri)
  }
  t.same(
    listeners.flatMap(({ repeated }) => repeated),
    [],
    'nothing was said twice',
  )
  t.same(
    (await streams()).filter(([, connections]) => connections !== 1),
    [],
    'still one connection a feed',
  )
})

/** A trade in every market now and then: what is silent is a feed, not the market. */
const keepTrading = async (simulatorUrl: string, signal: AbortSignal): Promise<void> => {
  const markets = [
    ['spot', 'BTCUSDT', '17600'],
    ['spot', 'ETHUSDT', '405'],
    ['spot', 'BNBUSDT', '307'],
    ['spot', 'ADAUSDT', '0.307'],
    ['futures', 'BTCUSDT', '17600'],
    ['futures', 'ETHUSDT', '405'],
    ['futures', 'ADAUSDT', '0.307'],
  ] as const
  while (!signal.aborted) {
    for (const [market, symbol, price] of markets) {
      const trade = { market, symbol, price, quantity: '100', taker: Math.random() < 0.5 ? 'BUY' : 'SELL' }
      const reply = await fetch(`${simulatorUrl}/control/trade`, { method: 'POST', body: JSON.stringify(trade) })
      if (!reply.ok) throw new Error(`no trade: ${await reply.text()}`)
    }
    await sleep(400)
  }
}

/** All replicas are known to the edge as ready again. */
const replicasReady = async (colibri: Colibri): Promise<void> => {
  const deadline = Date.now() + 60_000
  while (Date.now() < deadline) {
    const reply = await colibri.api.get('/health/ready')
    if (JSON.stringify(reply.body).includes(`"market-data":{"required":true,"ready":${REPLICAS}`)) return
    await sleep(200)
  }
  throw new Error('the replicas did not come back')
}
