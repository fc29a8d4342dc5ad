import { setTimeout as sleep } from 'node:timers/promises'
import { openPostgresLog } from '@colibri/event-log'
import { mustAgree } from '../agreement.ts'
import { startColibri } from '../colibri.ts'
import { alternatingMarketOrders, killAndWait, untilAgreed } from '../crash-run.ts'
import { placeOrders } from '../load.ts'
import { loggedEvents } from './event-copies.ts'
import { appendEvents } from './event-load.ts'
import { bounded, type Fault, median } from './fault.ts'

const EVENTS_PER_SECOND = 400
const ORDERS_PER_SECOND = 30
const REFUSED_MS = 2_000
const RECOVERED_MS = 10_000
const PATIENCE_MS = 60_000

/** One round is one kill. */
export const r5: Fault = {
  title: 'kill -9 of Postgres under 500 events a second',
  run: async ({ rounds, say, colibri: running, loadShare = 1 }) => {
    const colibri = running ?? (await startColibri())
    try {
      const { urls } = await colibri.run()
      const log = await openPostgresLog({ url: urls.postgres ?? '' })
      const refusals: number[] = []
      const wrong: string[] = []
      try {
        using events = appendEvents(log, EVENTS_PER_SECOND * loadShare)
        using orders = placeOrders(
          colibri.api,
          ORDERS_PER_SECOND * loadShare,
          alternatingMarketOrders,
          (status, ms, body) => {
            if (status === 503) refusals.push(ms)
            else if (status !== 201) wrong.push(`${status} ${JSON.stringify(body)} after ${ms} ms`)
          },
        )
        const recovered: number[] = []
        for (let round = 0; round < rounds; round++) {
          await sleep(500 + Math.random() * 500)
          recovered.push(await killAndWait(colibri, 'postgres', PATIENCE_MS))
          say(`killed Postgres (${round + 1}): ready again after ${recovered.at(-1)} ms`)
        }
        const acknowledged = await orders.finish()
        await events.finish()
        if (wrong.length > 0)
          throw new Error(`${wrong.length} replies that are neither 201 nor 503: ${wrong.slice(0, 3).join('; ')}`)
        const logged = new Set(await loggedEvents(urls.postgres ?? ''))
        const lost = [...events.acknowledged.keys()].filter((id) => !logged.has(id))
        if (lost.length > 0)
          throw new Error(`${lost.length} acknowledged events are lost: ${lost.slice(0, 5).join(', ')}`)
        mustAgree(await untilAgreed(colibri, acknowledged, PATIENCE_MS))
        return {
          kills: rounds,
          'events acknowledged': events.acknowledged.size,
          'orders acknowledged': acknowledged.length,
          'acknowledged and lost': 0,
          'replies 503': refusals.length,
          'replies 500, or none': 0,
          'slowest 503, ms': bounded(Math.max(0, ...refusals), REFUSED_MS),
          'ready again, median ms': median(recovered),
          'ready again, slowest ms': bounded(Math.max(...recovered), RECOVERED_MS),
        }
      } finally {
        await log.close()
      }
    } finally {
      if (running === undefined) await colibri.stop()
    }
  },
}
