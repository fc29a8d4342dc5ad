import t from 'tap'
import { startColibri } from './colibri.ts'
import { untilAgreed } from './crash-run.ts'
import type { Acknowledged } from './load.ts'
import { injectFault } from './simulator.ts'

/** Orders of each kind; the crash and fault figures of docs/status.md come from 500 of each. */
const ORDERS = 500
const AT_ONCE = 100

for (const kind of ['accept-then-timeout', '500-after-accept']) {
  t.test(
    `${ORDERS} orders with ${kind}: at most one order at the venue each, all resolved`,
    { timeout: 240_000 },
    async (t) => {
      const colibri = await startColibri()
      t.teardown(() => colibri.stop())
      const simulator = (await colibri.run()).urls.simulator ?? ''
      await injectFault(simulator, { on: 'create', kind, times: ORDERS })
      const acknowledged: Acknowledged[] = []
      for (let placed = 0; placed < ORDERS; placed += AT_ONCE)
        await Promise.all(
          Array.from({ length: AT_ONCE }, async (_, n) => {
            const reply = await colibri.api.post('/trading/orders', {
              account_name: 'master_account',
              connector_name: 'simulator',
              trading_pair: 'BTC-USDT',
              trade_type: n % 2 === 0 ? 'BUY' : 'SELL',
              amount: '0.001',
              order_type: 'MARKET',
            })
            t.equal(reply.status, 201)
            acknowledged.push({ idempotencyKey: '', clientOrderId: (reply.body as { order_id: string }).order_id })
          }),
        )
      const agreement = await untilAgreed(colibri, acknowledged)
      t.equal(agreement.intents, ORDERS)
      for (const [name, ids] of Object.entries(agreement.disagreements)) t.same(ids, [], name)
    },
  )
}
