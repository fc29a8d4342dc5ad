import type { DriftDetected } from '@colibri/contracts'
import type { AccountVenue, OrderLookup, VenueFill, VenueOrderState } from '@colibri/exchange'
import t from 'tap'
import { createOrderStreams } from '../orders/order-streams.ts'
import type { OrdersContext } from '../orders/orders-context.ts'
import { memoryLog } from '../testing/memory-log.ts'
import { boughtOne } from '../testing/venue-fill.ts'
import { externalOrderId } from './external-order.ts'
import { createStrangers } from './strangers.ts'

const place = { accountName: 'main', connectorName: 'simulator' }
const pair = 'BTC-USDT'
const cause = { actor: 'user:a', correlationId: 'c', causationId: 'c' }
const state = (more: Partial<VenueOrderState> = {}): VenueOrderState => ({
  clientOrderId: 'theirs',
  venueOrderId: '7',
  tradingPair: pair,
  status: 'filled',
  filledAmount: '2',
  updatedAt: 0,
  terms: {
    tradeType: 'BUY',
    orderType: 'MARKET',
    amount: '2',
    price: null,
    positionAction: 'OPEN',
    placedAt: 50,
  },
  ...more,
})

const given = () => {
  const clock = { time: 100_000 }
  const now = () => clock.time
  const { log, eventsOf } = memoryLog()
  const streams = createOrderStreams(log, now, () => log)
  const [drifts, attended, asked]: [DriftDetected[], string[], unknown[]] = [[], [], []]
  const at: { lookup: OrderLookup; fills: readonly VenueFill[] } = {
    lookup: { kind: 'found', order: state() },
    fills: [boughtOne('1', '7'), boughtOne('2', '7'), boughtOne('3', '8')],
  }
  const context = {
    streams,
    now,
    failpoint: () => undefined,
    balancesMoved: () => undefined,
    attend: (_account, _connector, ids) => void attended.push(...ids),
  } as Partial<OrdersContext> as OrdersContext
  const venue = {
    connectorName: 'simulator',
    findOrder: async (name) => {
      asked.push(name)
      return at.lookup
    },
    fills: async () => at.fills,
  } as Partial<AccountVenue> as AccountVenue
  const strangers = createStrangers({
    context,
    place,
    venue,
    guardMs: 1_000,
    announce: async (_key, drift) => {
      drifts.push(drift)
      return 'id'
    },
    recorded: () => undefined,
  })
  const submit = () =>
    streams.submit(
      {
        ...place,
        clientOrderId: 'ours',
        tradingPair: pair,
        tradeType: 'BUY',
        orderType: 'MARKET',
        amount: '2',
        price: null,
        positionAction: 'OPEN',
        requestedAmount: '2',
        requestedPrice: null,
      },
      'e',
      cause,
    )
  return { at, clock, streams, strangers, drifts, attended, asked, submit, eventsOf }
}
const id = externalOrderId(place, pair, '7')

t.test('an order of nobody is taken in with its own fills, once', async (t) => {
  const { strangers, drifts, asked, eventsOf, attended } = given()
  strangers.add(pair, '7')
  strangers.add(pair, '7')
  await strangers.identify()
  t.same(
    eventsOf(`order-${id}`).map(({ type }) => type),
    ['OrderSubmitted', 'OrderAccepted', 'OrderFilled', 'OrderFilled'],
  )
  t.match(drifts, [{ kind: 'external-order', subject: id, ours: null, venue: 'BUY 2 MARKET, filled, 2 filled' }])
  t.same([asked, attended, strangers.waiting()], [[{ venueOrderId: '7' }], [id], 0])
  strangers.add(pair, '7')
  await strangers.identify()
  t.equal(drifts.length, 1)
  t.equal(eventsOf(`order-${id}`).length, 4)
})

t.test('one of ours, met before the reply to its request, is no stranger', async (t) => {
  const { strangers, drifts, asked, clock, streams, submit } = given()
  await submit()
  strangers.add(pair, '7')
  await strangers.identify()
  t.same([asked, strangers.waiting()], [[], 1], 'its reply is on the way')
  await streams.handle('ours', { kind: 'accept', venueOrderId: '7' }, cause)
  clock.time += 1_000
  await strangers.identify()
  t.same([drifts, asked, strangers.waiting()], [[], [], 0])
})

t.test(
  'one of ours whose reply is lost is known by its name, or waited for where the venue keeps no names',
  async (t) => {
    const { at, strangers, drifts, attended, clock, streams, submit } = given()
    await submit()
    strangers.add(pair, '7')
    at.lookup = { kind: 'found', order: state({ clientOrderId: '' }) }
    for (let n = 0; n < 20; n += 1) {
      clock.time += 1_000
      await strangers.identify()
    }
    t.same([drifts, strangers.waiting(), [...new Set(attended)]], [[], 1, ['ours']])
    at.lookup = { kind: 'found', order: state({ clientOrderId: 'ours' }) }
    clock.time += 1_000
    await strangers.identify()
    t.same([drifts, strangers.waiting()], [[], 0])
    // Another order without a name, when nothing of ours is in doubt.
    await streams.handle('ours', { kind: 'accept', venueOrderId: '6' }, cause)
    at.lookup = { kind: 'found', order: state({ clientOrderId: '' }) }
    strangers.add(pair, '7')
    await strangers.identify()
    t.equal(drifts.length, 1)
  },
)

t.test('what the venue does not tell is asked for a few times, and stays out', async (t) => {
  for (const lookup of [{ kind: 'absent' }, { kind: 'unavailable', reason: 'away' }] as const) {
    const { at, strangers, drifts, asked, clock } = given()
    at.lookup = lookup
    strangers.add(pair, '7')
    await strangers.identify()
    await strangers.identify()
    t.equal(asked.length, 1, 'not at once')
    for (let n = 0; n < 3; n += 1) {
      clock.time += 1_000
      await strangers.identify()
    }
    t.equal(strangers.waiting(), 1)
    clock.time += 1_000
    await t.rejects(strangers.identify(), { name: 'StrangerUnknown' })
    t.same([asked.length, drifts, strangers.waiting()], [5, [], 0])
  }
  const { at, strangers, drifts } = given()
  at.lookup = { kind: 'found', order: state({ terms: null }) }
  strangers.add(pair, '7')
  await t.rejects(strangers.identify(), { name: 'ExternalOrderUnreadable' })
  t.same([drifts, strangers.waiting()], [[], 0])
})
