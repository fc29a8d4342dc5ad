import type { AccountVenue, OrderLookup, VenueFill } from '@colibri/exchange'
import t from 'tap'
import { memoryLog } from '../testing/memory-log.ts'
import { boughtOne } from '../testing/venue-fill.ts'
import { isUnresolved, statusOf } from './order.ts'
import { createOrderStreams } from './order-streams.ts'
import type { OrdersContext } from './orders-context.ts'
import { settleOrders } from './settle-orders.ts'

const place = { accountName: 'main', connectorName: 'simulator' }
const tradingPair = 'BTC-USDT'
const terms = {
  tradeType: 'BUY',
  orderType: 'MARKET',
  amount: '1',
  price: null,
  requestedAmount: '1',
  requestedPrice: null,
  positionAction: 'OPEN',
} as const
const cause = { actor: 'user:a', correlationId: 'c', causationId: 'c' }

/** An order of unknown fate, and a venue that says what the test lets it say. */
const given = async () => {
  const clock = { time: 100_000 }
  const now = () => clock.time
  const { log } = memoryLog()
  const streams = createOrderStreams(log, now, () => log)
  const [attended, asked]: [string[], string[]] = [[], []]
  const at: { lookup: Promise<OrderLookup>; ofOrder: readonly VenueFill[] | undefined; all: readonly VenueFill[] } = {
    lookup: Promise.resolve({ kind: 'absent' }),
    ofOrder: undefined,
    all: [],
  }
  const venue = {
    connectorName: 'simulator',
    findOrder: async () => {
      asked.push('order')
      return at.lookup
    },
    openOrders: async () => [],
    fillsOf: async () => {
      asked.push('fills of the order')
      return at.ofOrder
    },
    fills: async () => {
      asked.push('all fills')
      return at.all
    },
  } as Partial<AccountVenue> as AccountVenue
  const context = {
    streams,
    now,
    silentFrom: () => 0,
    failpoint: () => undefined,
    balancesMoved: () => undefined,
    attend: (_account, _connector, ids) => void attended.push(...ids),
    drifts: { found: () => undefined } as Partial<OrdersContext['drifts']> as OrdersContext['drifts'],
  } as Partial<OrdersContext> as OrdersContext
  await streams.submit({ ...place, clientOrderId: 'a', tradingPair, ...terms }, 'e', cause)
  await streams.handle('a', { kind: 'lose-outcome', reason: 'test' }, cause)
  const policy = { absentGraceMs: 1_000, absentTimes: 3, missingFillsMs: 1_000 }
  const settle = settleOrders(context, policy)
  const order = async () => {
    const live = await streams.load('a')
    if (live === undefined) throw new Error('the order is gone')
    return live
  }
  const look = async () => {
    asked.length = 0
    await settle(venue, [await order()])
    return [...asked]
  }
  return { at, attended, clock, look, order, settle: async () => settle(venue, [await order()]), asked }
}

t.test('of an order the venue denies, all fills are read at the second look and before it is believed', async (t) => {
  const { clock, look, order } = await given()
  t.same(await look(), ['order'])
  t.same(await look(), ['order', 'all fills'])
  t.same(await look(), ['order'])
  t.same(await look(), ['order'])
  t.ok(isUnresolved((await order()).order), 'too early to believe it')
  clock.time += 1_000
  t.same(await look(), ['order', 'all fills'])
  t.equal(statusOf((await order()).order), 'FAILED')
})

const filled: OrderLookup = {
  kind: 'found',
  order: {
    clientOrderId: 'a',
    venueOrderId: '7',
    tradingPair,
    status: 'filled',
    filledAmount: '1',
    updatedAt: 0,
    terms: { tradeType: 'BUY', orderType: 'MARKET', amount: '1', price: null, positionAction: 'OPEN', placedAt: 50 },
  },
}

t.test('the fills of an order are read alone where the venue can, else with all others', async (t) => {
  for (const alone of [true, false]) {
    const { at, look, order } = await given()
    at.lookup = Promise.resolve(filled)
    at.ofOrder = alone ? [boughtOne('1', '7')] : undefined
    at.all = [boughtOne('1', '7'), boughtOne('2', '8')]
    t.same(await look(), ['order', 'fills of the order', ...(alone ? [] : ['all fills'])])
    t.equal(statusOf((await order()).order), 'FILLED')
  }
})

t.test('who comes while an order is compared waits for that, and has it compared again', async (t) => {
  const { at, attended, settle, asked } = await given()
  const { promise, resolve } = Promise.withResolvers<OrderLookup>()
  at.lookup = promise
  const first = settle()
  const second = settle()
  let over = 0
  second.then(() => over++)
  await new Promise((done) => setImmediate(done))
  t.same([asked, over], [['order'], 0], 'asked once, and both wait')
  resolve({ kind: 'absent' })
  await Promise.all([first, second])
  t.same([asked, attended], [['order'], ['a']])
})
