import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { marketMessages } from '@colibri/contracts'
import { type Colibri, startColibri } from '@colibri/system-tests'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { z } from 'zod'
import { latency } from './measure.ts'
import { replicaOf } from './replica-url.ts'
import type { Figure } from './report.ts'
import { type LiveClient, openClient } from './socket-client.ts'

const CLIENTS = 1_000
/** Opened at a time: a thousand handshakes at once measure the handshake. */
const AT_ONCE = 25
const WARM_UP_MS = 5_000
const MEASURED_MS = 10_000

const PAIRS = [
  ['simulator', 'BTC-USDT'],
  ['simulator', 'ETH-USDT'],
  ['simulator', 'BNB-USDT'],
  ['simulator', 'ADA-USDT'],
  ['simulator_perpetual', 'BTC-USDT'],
  ['simulator_perpetual', 'ETH-USDT'],
  ['simulator_perpetual', 'ADA-USDT'],
] as const

/** Candles are pushed ten times a second in all, changed or not; the book and the trades come on top when there is something new. */
const WISHES = [
  { type: 'candles', interval: '1m', update_interval: 0.25, max_records: 10 },
  { type: 'candles', interval: '5m', update_interval: 0.25, max_records: 10 },
  { type: 'candles', interval: '15m', update_interval: 0.5, max_records: 10 },
  { type: 'order_book', update_interval: 0.25 },
  { type: 'trades', update_interval: 0.25 },
] as const

/**
 * Websocket clients through the edge: how many messages they get, how old a message is when it is read, and whether any
 * trade was lost, counted against what the owner of the feed said on NATS. The clients share the machine with the system.
 */
export const measureSockets = async (): Promise<readonly Figure[]> => {
  const colibri = await startColibri()
  try {
    const published = await countTrades(colibri)
    const clients: LiveClient[] = []
    for (let first = 0; first < CLIENTS; first += AT_ONCE)
      clients.push(
        ...(await Promise.all(
          Array.from({ length: AT_ONCE }, (_, at) => openClient(colibri.url, wishesOf(first + at))),
        )),
      )
    await sleep(WARM_UP_MS)
    for (const client of clients) client.startMeasuring()
    const begin = performance.now()
    await sleep(MEASURED_MS)
    const measured = clients.map((client) => client.stopMeasuring())
    const seconds = (performance.now() - begin) / 1_000
    const metric = await liveMetrics(colibri)
    for (const client of clients) client.close()

    if (measured.some(({ from }) => from === 0)) throw new Error('a client got no trade at all')
    const ages = latency(measured.flatMap(({ ages }) => ages))
    const lost = measured.reduce(
      (sum, { feed, from, to, trades }) => sum + published.between(feed, from, to) - trades,
      0,
    )
    await published.end()
    return [
      {
        name: `messages to ${CLIENTS} websocket clients`,
        value: ages.count / seconds,
        unit: 'messages/s',
        target: { atLeast: 10_000 },
      },
      { name: 'age of a websocket message when read, p50', value: ages.p50, unit: 'ms' },
      { name: 'age of a websocket message when read, p99', value: ages.p99, unit: 'ms', target: { atMost: 50 } },
      { name: 'trades lost by websocket clients', value: lost, unit: 'trades', target: { atMost: 0 } },
      {
        name: 'pushes left out',
        value: metric('colibri_live_coalesced_total'),
        unit: 'messages',
        target: { atMost: 0 },
      },
    ]
  } finally {
    await colibri.stop()
  }
}

const pairOf = (client: number): readonly [string, string] => PAIRS[client % PAIRS.length] ?? PAIRS[0]

const wishesOf = (client: number): readonly object[] => {
  const [connector, tradingPair] = pairOf(client)
  return WISHES.map((wish) => ({ action: 'subscribe', connector, trading_pair: tradingPair, ...wish }))
}

const secretsFile = z.object({ nats: z.record(z.string(), z.string()) })

interface PublishedTrades {
  /** Trades of a feed, `<connector> <PAIR>`, after one sequence up to another. */
  between(feed: string, from: number, to: number): number
  end(): Promise<void>
}

/** Counts what the owners of the feeds publish, for whoever is subscribed to anything. */
const countTrades = async (colibri: Colibri): Promise<PublishedTrades> => {
  const secrets = secretsFile.parse(JSON.parse(await readFile(join(colibri.home, 'secrets.json'), 'utf8')))
  const { urls } = await colibri.run()
  const nats: NatsConnection = await connect({
    servers: urls.nats ?? '',
    user: 'subscriber',
    pass: secrets.nats.subscriber ?? '',
  })
  const counts = new Map<string, Map<number, number>>()
  nats.subscribe('market.*.*.trades', {
    callback: (_error, raw) => {
      const message = marketMessages.trades.parse(raw.json())
      if (message.type !== 'update') return
      const feed = `${message.connector} ${message.tradingPair}`
      const ofFeed = counts.get(feed) ?? new Map<number, number>()
      counts.set(feed, ofFeed.set(message.sequence, message.value.length))
    },
  })
  await nats.flush()
  return {
    between: (feed, from, to) =>
      [...(counts.get(feed) ?? [])].reduce(
        (sum, [sequence, trades]) => (sequence > from && sequence <= to ? sum + trades : sum),
        0,
      ),
    end: () => nats.close(),
  }
}

const liveMetrics = async (colibri: Colibri): Promise<(name: string) => number> => {
  const { url } = await replicaOf(colibri, 'market-data')
  const text = await (await fetch(`${url}/metrics`)).text()
  return (name) =>
    text
      .split('\n')
      .filter((line) => line.startsWith(`${name}{`))
      .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}
