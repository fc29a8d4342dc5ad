import { setTimeout as sleep } from 'node:timers/promises'
import { mustAgree } from '../agreement.ts'
import { allAnswer, alternatingMarketOrders, untilAgreed } from '../crash-run.ts'
import { placeOrders } from '../load.ts'
import { type DetouredColibri, servers, startDetouredColibri } from './detoured-colibri.ts'
import { bounded, type Fault, type FaultOptions, median } from './fault.ts'
import type { Weather } from './tcp-proxy.ts'
import { until } from './until.ts'

const ORDERS_PER_SECOND = 50
const RECOVERED_MS = 5_000
const PATIENCE_MS = 120_000

const WEATHERS: readonly Weather[] = [
  { kind: 'silent' },
  { kind: 'deaf' },
  { kind: 'reset' },
  { kind: 'latency', ms: 250 },
  { kind: 'bandwidth', bytesPerSecond: 20_000 },
]

/** Every server meets every weather in turn, beginning where each server meets another. */
const partition = (round: number) => ({
  server: servers[round % servers.length] ?? 'nats',
  weather: WEATHERS[(round + Math.floor(round / servers.length)) % WEATHERS.length] ?? { kind: 'silent' as const },
})

/** Seconds of a partition: many short ones, few long ones. */
const lasting = (longest: number): number => longest ** Math.random()

interface PartitionOptions extends FaultOptions {
  readonly colibri?: DetouredColibri
  readonly longestSeconds?: number
}

/** One round cuts trading from one server, in one of five ways, for one to sixty seconds. */
export const r8 = {
  title: 'trading cut from NATS, Postgres and the exchange under 50 orders a second, 1 to 60 s each',
  run: async ({ rounds, say, colibri: running, longestSeconds = 60, loadShare = 1 }: PartitionOptions) => {
    const colibri = running ?? (await startDetouredColibri())
    try {
      const replies = new Map<number, number>()
      using orders = placeOrders(colibri.api, ORDERS_PER_SECOND * loadShare, alternatingMarketOrders, (status) =>
        replies.set(status, (replies.get(status) ?? 0) + 1),
      )
      const recovered: number[] = []
      for (let round = 0; round < rounds; round++) {
        const { server, weather } = partition(round)
        await sleep(1_000)
        const seconds = lasting(longestSeconds)
        colibri.proxies[server].weather(weather)
        await sleep(seconds * 1000)
        colibri.proxies[server].weather({ kind: 'open' })
        const took = await until(`all answer after ${server} was cut off`, PATIENCE_MS, () => allAnswer(colibri))
        recovered.push(took)
        say(`${server} ${weather.kind} for ${seconds.toFixed(1)} s: all answers ${took} ms after it`)
      }
      const acknowledged = await orders.finish()
      const begin = Date.now()
      mustAgree(await untilAgreed(colibri, acknowledged, PATIENCE_MS))
      return {
        partitions: rounds,
        'orders acknowledged': acknowledged.length,
        'attempts repeated': orders.retries(),
        'replies by status': [...replies].map(([status, count]) => `${status}: ${count}`).join(', '),
        'lost, sent twice, declared refused and taken': 0,
        'answers again, median ms': median(recovered),
        'answers again, slowest ms': bounded(Math.max(...recovered), RECOVERED_MS),
        'all orders settled after the last reply, ms': Date.now() - begin,
      }
    } finally {
      if (running === undefined) await colibri.stop()
    }
  },
} satisfies Fault
