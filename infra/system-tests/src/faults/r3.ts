import { setTimeout as sleep } from 'node:timers/promises'
import { openPostgresLog } from '@colibri/event-log'
import { mustAgree } from '../agreement.ts'
import { startColibri } from '../colibri.ts'
import { alternatingMarketOrders, untilAgreed } from '../crash-run.ts'
import { placeOrders } from '../load.ts'
import { followEvents } from './event-copies.ts'
import { appendEvents } from './event-load.ts'
import { bounded, type Fault, median } from './fault.ts'
import { natsAs } from './nats-login.ts'
import { until } from './until.ts'

const EVENTS_PER_SECOND = 450
const ORDERS_PER_SECOND = 15
const PATIENCE_MS = 60_000

/** One round is one kill. */
export const r3: Fault = {
  title: 'kill -9 of NATS under 500 events a second, beside another program that consumes them',
  run: async ({ rounds, say, colibri: running, loadShare = 1 }) => {
    const colibri = running ?? (await startColibri())
    try {
      const { urls } = await colibri.run()
      const log = await openPostgresLog({ url: urls.postgres ?? '' })
      const nats = await natsAs(colibri, 'subscriber')
      try {
        const follower = await followEvents(nats, 'faults-r3')
        using events = appendEvents(log, EVENTS_PER_SECOND * loadShare)
        using orders = placeOrders(colibri.api, ORDERS_PER_SECOND * loadShare, alternatingMarketOrders)
        const begin = Date.now()
        const resumed: number[] = []
        const caughtUp: number[] = []
        for (let round = 0; round < rounds; round++) {
          await sleep(500 + Math.random() * 500)
          const killed = Date.now()
          const pid = await colibri.kill('nats')
          await until('NATS runs again', PATIENCE_MS, async () => {
            const successor = (await colibri.run()).processes.find(({ name }) => name === 'nats')
            return successor !== undefined && successor.pid !== pid
          })
          const restarted = Date.now()
          const end = await log.end()
          await until('the consumer goes on', PATIENCE_MS, () => follower.since(restarted) !== undefined)
          resumed.push((follower.since(restarted) ?? Date.now()) - killed)
          await until('the consumer catches up', PATIENCE_MS, () => follower.after(end) !== undefined)
          caughtUp.push((follower.after(end) ?? Date.now()) - killed)
          say(
            `killed NATS (${round + 1}): new events after ${resumed.at(-1)} ms, caught up after ${caughtUp.at(-1)} ms`,
          )
        }
        const acknowledged = await orders.finish()
        await events.finish()
        const seconds = (Date.now() - begin) / 1000
        const missing = (): string[] => [...events.acknowledged.keys()].filter((id) => !follower.has(id))
        await until('the consumer has every acknowledged event', PATIENCE_MS, () => missing().length === 0)
        const faults = follower.faults()
        if (faults.length > 0) throw new Error(`${faults.length} wrong copies: ${faults.slice(0, 5).join('; ')}`)
        const agreement = await untilAgreed(colibri, acknowledged, PATIENCE_MS)
        mustAgree(agreement)
        const redelivered = follower.redeliveries()
        await follower.stop()
        return {
          kills: rounds,
          'events appended per second': Math.round((events.acknowledged.size + 3 * acknowledged.length) / seconds),
          'events acknowledged': events.acknowledged.size,
          'orders acknowledged': acknowledged.length,
          'events lost, copied twice, out of order': 0,
          'deliveries repeated': redelivered,
          'consumer goes on, median ms': median(resumed),
          'consumer goes on, slowest ms': bounded(Math.max(...resumed), 5_000),
          'has what was appended meanwhile, slowest ms': Math.max(...caughtUp),
        }
      } finally {
        await nats.close()
        await log.close()
      }
    } finally {
      if (running === undefined) await colibri.stop()
    }
  },
}
