import { randomUUID } from 'node:crypto'
import { mustAgree } from '../agreement.ts'
import { type Colibri, startColibri } from '../colibri.ts'
import { alternatingMarketOrders, untilAgreed } from '../crash-run.ts'
import type { Acknowledged } from '../load.ts'
import { injectFault } from '../simulator.ts'
import { bounded, type Fault } from './fault.ts'
import { until } from './until.ts'

const AT_ONCE = 100
const KINDS = ['accept-then-timeout', '500-after-accept'] as const
const RESOLVED_MS = 30_000
const PATIENCE_MS = 60_000

/** Repeated under its key while the system answers that it cannot take it: what counts is what the exchange does. */
const placeOnce = async (colibri: Colibri, n: number): Promise<Acknowledged> => {
  const idempotencyKey = randomUUID()
  let clientOrderId: string | undefined
  await until('an order is taken', PATIENCE_MS, async () => {
    const reply = await colibri.api.post('/trading/orders', alternatingMarketOrders(n), {
      'idempotency-key': idempotencyKey,
    })
    if (reply.status === 201) clientOrderId = (reply.body as { order_id: string }).order_id
    else if (reply.status !== 503) throw new Error(`order refused: ${reply.status} ${JSON.stringify(reply.body)}`)
    return clientOrderId !== undefined
  })
  return { idempotencyKey, clientOrderId: clientOrderId ?? '' }
}

/** One round is a hundred orders at once, every create of them accepted and its answer withheld, or answered by a 500. */
export const x1: Fault = {
  title: 'the exchange takes every create and never says so, or answers with a 500',
  run: async ({ rounds, say, colibri: running, loadShare = 1 }) => {
    const colibri = running ?? (await startColibri())
    try {
      const simulator = (await colibri.run()).urls.simulator ?? ''
      const acknowledged: Acknowledged[] = []
      const atOnce = Math.ceil(AT_ONCE * loadShare)
      let slowest = 0
      for (let round = 0; round < rounds; round++) {
        const kind = KINDS[round % KINDS.length]
        await injectFault(simulator, { on: 'create', kind, times: atOnce })
        const orders = await Promise.all(Array.from({ length: atOnce }, (_, n) => placeOnce(colibri, n)))
        acknowledged.push(...orders)
        const begin = Date.now()
        mustAgree(await untilAgreed(colibri, acknowledged, 2 * RESOLVED_MS))
        slowest = Math.max(slowest, Date.now() - begin)
        say(`${kind}: ${atOnce} orders, all resolved ${Date.now() - begin} ms after the last reply`)
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
