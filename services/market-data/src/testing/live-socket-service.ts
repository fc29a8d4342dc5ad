import { setTimeout as sleep } from 'node:timers/promises'
import { type RunningService, serviceConfig, startService } from '@colibri/service-kit'
import {
  edgeHeaders,
  openSocket,
  type SocketClient,
  type SocketMessage,
  serviceEnvironment,
  testNats,
  testPostgres,
} from '@colibri/testkit'
import { clientCandles } from '../live-socket/client-candles.ts'
import { explain } from '../live-socket/explain.ts'
import { createLiveSockets, type LiveSocketLimits } from '../live-socket/live-sockets.ts'
import { createSources } from '../live-socket/sources.ts'
import { handFedCandles, handFedFeeds } from './hand-fed-feeds.ts'

interface Test {
  teardown(clean: () => Promise<void>): void
}

export const patient: LiveSocketLimits = { heartbeatMs: 60_000, mostUnread: 64 * 1024, patienceMs: 60_000 }
export const pair = (tradingPair = 'BTC-USDT') => ({ connectorName: 'simulator', tradingPair })
export const wish = (fields: object) => ({
  action: 'subscribe',
  connector: 'simulator',
  trading_pair: 'BTC-USDT',
  update_interval: 0.25,
  ...fields,
})
export const book = (updateId: number, levels = 1) => {
  const side = Array.from({ length: levels }, (_, at) => ({ price: `${1_000 + at}.5`, amount: `${updateId}.25` }))
  return { updateId, bids: side, asks: side }
}
export const trades = (from: number, count: number) =>
  Array.from({ length: count }, (_, at) => ({
    tradeId: `${from + at}`,
    price: `${from + at}`,
    amount: '1',
    side: 'sell' as const,
    time: 1_000,
  }))

/** Live sockets on a real service, over feeds in the hand of the test. */
export const liveSocketService = async (t: Test, limits: Partial<LiveSocketLimits> = {}) => {
  const [postgres, nats] = await Promise.all([testPostgres(t), testNats(t)])
  const { feeds, feed } = handFedFeeds()
  const { candles, push } = handFedCandles()
  const service: RunningService = await startService(
    {
      name: 'market-data',
      config: serviceConfig(),
      start: (kit) => ({
        sockets: [
          createLiveSockets({
            sources: createSources({
              feeds,
              candles: clientCandles(candles, { connectors: () => ['simulator'], intervals: () => ['1m'] }),
              checkPair: async () => undefined,
              limits: { readyMs: 20_000, catchUpMs: 100 },
            }),
            metrics: kit.metrics,
            explain: explain(() => undefined),
            background: kit.background,
            limits: { ...patient, ...limits },
          }),
        ],
      }),
    },
    {
      ...serviceEnvironment({ postgres, nats, home: '.' }),
      LOG_LEVEL: 'fatal',
      DRAIN_SECONDS: '1',
    },
  )
  t.teardown(() => service.stop())
  const connect = async (options?: { autoPong: boolean }): Promise<SocketClient> => {
    const client = await openSocket(`${service.url}/ws/market-data`, {
      headers: edgeHeaders,
      ...options,
    })
    t.teardown(async () => client.socket.terminate())
    return client
  }
  const metric = async (series: string): Promise<number> => {
    const text = await (await fetch(`${service.url}/metrics`)).text()
    const [name, labels = ''] = series.split(/[{}]/)
    const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) && line.includes(labels))
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
  }
  return { service, feed, push, connect, metric }
}

export const until = async (check: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await check())) await sleep(20)
}

export const dataOf = (client: SocketClient, type: string): readonly SocketMessage[] =>
  client.heard.filter((message) => message.type === type)

export const pricesOf = (message: SocketMessage | undefined): readonly number[] =>
  ((message?.data ?? []) as { price: number }[]).map(({ price }) => price)
