import type { GuardLimits } from '@colibri/contracts'
import t from 'tap'
import { guardOf, NO_LIMITS } from '../guards/guard.ts'
import type { OrderIntent } from '../orders/order.ts'
import { overReplicas } from './over-replicas.ts'

const intent: OrderIntent = {
  clientOrderId: 'CLB1',
  accountName: 'desk',
  connectorName: 'simulator',
  tradingPair: 'BTC-USDT',
  tradeType: 'BUY',
  orderType: 'LIMIT',
  amount: '0.01',
  price: '1000',
  positionAction: 'OPEN',
  requestedAmount: '0.01',
  requestedPrice: '1000',
}

/** Two accounts, and what this process has of them; a clock that is a second on at every look. */
const world = (limits: Partial<GuardLimits>) => {
  const ready = new Set<string>()
  const elsewhere = new Set<string>()
  let time = 0
  let looked: () => void = () => undefined
  const { admitting } = overReplicas({
    leases: {
      ready: (account) => ready.has(account),
      holds: (account) => ready.has(account),
      heldElsewhere: () => [...elsewhere],
      isKeeper: () => true,
      rethink: () => looked(),
    },
    guards: {
      of: (scope) => ({ ...guardOf(new Map(), scope), limits: { ...NO_LIMITS, ...limits } }),
      admit: async () => ({ kind: 'admitted', end: () => undefined }),
      enter: () => ({ end: () => undefined }),
    },
    accounts: async () => ['master_account', 'desk'],
    silentFrom: () => 0,
    now: () => (time += 500),
  })
  return {
    ready,
    elsewhere,
    whenLooked: (work: () => void) => {
      looked = work
    },
    admitted: async () => (await admitting.admit(intent, null)).kind,
  }
}

t.test('a limit over all accounts is checked by one that knows the orders of each', async (t) => {
  const { ready, elsewhere, whenLooked, admitted } = world({ maxOpenNotional: '100' })
  ready.add('desk')
  t.equal(await admitted(), 'limited', "the other account is nobody's, or not taken in yet")
  elsewhere.add('master_account')
  t.equal(await admitted(), 'limited', "the other account is another process's")
  elsewhere.clear()
  whenLooked(() => ready.add('master_account'))
  t.equal(await admitted(), 'admitted', 'it comes while the order waits')
})

t.test('without a limit that counts, each process admits for its own accounts', async (t) => {
  for (const limits of [{}, { maxOrderNotional: '100' }]) {
    const { ready, elsewhere, admitted } = world(limits)
    ready.add('desk')
    elsewhere.add('master_account')
    t.equal(await admitted(), 'admitted')
  }
})
