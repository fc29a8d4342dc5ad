import type { DriftDetected } from '@colibri/contracts'
import type { VenueOrderState } from '@colibri/exchange'
import t from 'tap'
import { type Order, type OrderCommand, orderDecider, type PlacedOrder, statusOf } from '../orders/order.ts'
import { compareOrders } from './compare-orders.ts'

const place = { accountName: 'main', connectorName: 'simulator' }
const intent = {
  ...place,
  clientOrderId: 'ours',
  tradingPair: 'BTC-USDT',
  tradeType: 'BUY',
  orderType: 'LIMIT',
  amount: '1',
  price: '10',
  positionAction: 'OPEN',
  requestedAmount: '1',
  requestedPrice: '10',
} as const
const listed: VenueOrderState = {
  clientOrderId: 'ours',
  venueOrderId: '77',
  tradingPair: 'BTC-USDT',
  status: 'open',
  filledAmount: '0',
  updatedAt: 0,
  terms: null,
}

const after = (order: Order, commands: readonly OrderCommand[]): Order =>
  commands.reduce((state, command) => {
    return orderDecider.decide(command, state).reduce((each, event) => orderDecider.evolve(each, event), state)
  }, order)

/** One order here, and what was said and done about it. */
const given = (commands: readonly OrderCommand[], asked: VenueOrderState | 'absent' = listed) => {
  let order = after({ kind: 'none' }, [{ kind: 'submit', intent }, ...commands])
  const placed = (): PlacedOrder => {
    if (order.kind === 'none') throw new Error('it was submitted')
    return order
  }
  const clock = { time: 10_000 }
  const [drifts, cancelled, attended, strangers]: [DriftDetected[], unknown[], string[], string[]] = [[], [], [], []]
  const live = () => ({ order: placed(), createdAt: 0, touchedAt: 0 })
  const compare = compareOrders({
    place,
    guardMs: 1_000,
    context: {
      underway: new Set(),
      now: () => clock.time,
      attend: (_account, _connector, ids) => void attended.push(...ids),
      failpoint: () => undefined,
      streams: {
        load: async (id) => (id === 'ours' ? live() : undefined),
        live: () => (['OPEN', 'SUBMITTED'].includes(statusOf(placed())) ? [live()] : []),
        handle: async (_id, command) => {
          order = after(order, [command])
          return { order: placed() }
        },
        clientOrderIdOf: () => undefined,
      },
    },
    venue: {
      findOrder: async () => (asked === 'absent' ? { kind: 'absent' } : { kind: 'found', order: asked }),
      cancelOrder: async (name) => {
        cancelled.push(name)
        return { kind: 'cancelled' }
      },
    },
    strangers: { add: (_pair, id) => void strangers.push(id) },
    announce: async (_key, drift) => {
      drifts.push(drift)
      return 'id'
    },
  })
  return { compare, clock, drifts, cancelled, attended, strangers, status: () => statusOf(placed()) }
}

const denied: readonly OrderCommand[] = [
  { kind: 'lose-outcome', reason: 'timeout' },
  { kind: 'reject', reason: 'Order not found on exchange' },
]
const ended: readonly OrderCommand[] = [
  { kind: 'accept', venueOrderId: '77' },
  { kind: 'confirm-cancel', reason: 'Order not found on exchange' },
]

t.test(
  'what is open at both is left alone; what only the venue has is a stranger; what only we have is asked for',
  async (t) => {
    const both = given([{ kind: 'accept', venueOrderId: '77' }])
    await both.compare([listed, { ...listed, clientOrderId: 'theirs', venueOrderId: '78' }])
    t.same([both.drifts, both.attended, both.strangers], [[], [], ['78']])
    const ours = given([{ kind: 'accept', venueOrderId: '77' }])
    await ours.compare([])
    t.same([ours.drifts, ours.attended], [[], ['ours']])
    ours.clock.time = 999
    await ours.compare([])
    t.same(ours.attended, ['ours'], 'not one that something has just happened to')
  },
)

t.test('an order that was believed never to have arrived, and is open, is open', async (t) => {
  const here = given(denied)
  t.equal(here.status(), 'FAILED')
  await here.compare([listed])
  t.match(here.drifts, [{ kind: 'order', subject: 'ours', ours: 'FAILED', venue: 'open', repair: 'order-reopened' }])
  t.equal(here.status(), 'OPEN')
  t.same([here.attended, here.cancelled], [['ours'], []])
})

t.test('an order that was called cancelled, and is open, is cancelled there', async (t) => {
  const here = given(ended)
  await here.compare([listed])
  t.match(here.drifts, [{ ours: 'CANCELLED', venue: 'open', repair: 'cancelled-at-venue' }])
  t.same(here.cancelled, ['ours'])
})

t.test('a list that is a moment old is no proof', async (t) => {
  const gone: readonly (VenueOrderState | 'absent')[] = [
    'absent',
    { ...listed, status: 'cancelled' },
    { ...listed, venueOrderId: '99' },
  ]
  for (const answer of gone) {
    const here = given(ended, answer)
    await here.compare([listed])
    t.same([here.drifts, here.cancelled], [[], []])
  }
  const fresh = given(ended)
  fresh.clock.time = 500
  await fresh.compare([listed])
  t.same(fresh.drifts, [])
  const fill = {
    tradeId: '1',
    price: '10',
    amount: '1',
    feeAmount: '0',
    feeCurrency: 'USDT',
    feeInQuote: '0',
    liquidity: 'maker',
    venueTime: 1,
  } as const
  const filled = given([
    { kind: 'accept', venueOrderId: '77' },
    { kind: 'fill', fill },
  ])
  await filled.compare([listed])
  t.same([filled.drifts, filled.cancelled], [[], []])
})
