import { mustAgree } from '../agreement.ts'
import { startColibri } from '../colibri.ts'
import { alternatingMarketOrders, untilAgreed } from '../crash-run.ts'
import type { Acknowledged } from '../load.ts'
import { injectFault } from '../simulator.ts'
import { bounded, type Fault } from './fault.ts'

const AT_ONCE = 100
const KINDS = ['accept-then-timeout', '500-after-accept'] as const
const RESOLVED_MS = 30_000

/** One round is a hundred orders at once, every create of them accepted and its answer withheld, or answered by a 500. */
export const x1: Fault = {
  title: 'the exchange takes every create and never says so, or answers with a 500',
  run: async ({ rounds, say, colibri: running }) => {
    const colibri = running ?? (await startColibri())
    try {
      const simulator = (await colibri.run()).urls.simulator ?? ''
      const acknowledged: Acknowledged[] = []
      let slowest = 0
      for (let round = 0; round < rounds; round++) {
        const kind = KINDS[round % KINDS.length]
        await injectFault(simulator, { on: 'create', kind, times: AT_ONCE })
        await Promise.all(
          Array.from({ length: AT_ONCE }, async (_, n) => {
            const reply = await colibri.api.post('/trading/orders', alternatingMarketOrders(n))
            if (reply.status !== 201) throw new Error(`order refused: ${reply.status} ${JSON.stringify(reply.body)}`)
            acknowledged.push({ idempotencyKey: '', clientOrderId: (reply.body as { order_id: string }).order_id })
          }),
        )
        const begin = Date.now()
        mustAgree(await untilAgreed(colibri, acknowledged, 2 * RESOLVED_MS))
        slowest = Math.max(slowest, Date.now() - begin)
        say(`${kind}: ${AT_ONCE} orders, all resolved ${Date.now() - begin} ms after the last reply`)
      }
      return {
        'orders with an ambiguous create': acknowledged.length,
        'sent twice, unresolved, declared refused': 0,
        'all resolved after the last reply, slowest ms': bounded(slowest, RESOLVED_MS),
      }
    } finally {
      if (running === undefined) await colibri.stop()
    }
  },
}
