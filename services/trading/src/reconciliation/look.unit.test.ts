import type { BalancesConfirmed, DriftDetected } from '@colibri/contracts'
import type { AccountVenue, VenueFill, VenueOrderState } from '@colibri/exchange'
import t from 'tap'
import { createOrderStreams } from '../orders/order-streams.ts'
import type { OrdersContext } from '../orders/orders-context.ts'
import { memoryLog } from '../testing/memory-log.ts'
import type { Expected } from './expected.ts'
import { createLook } from './look.ts'
import type { Strangers } from './strangers.ts'

const place = { accountName: 'main', connectorName: 'simulator' }
const policy = { guardMs: 1_000, busyMs: 5_000, rollMs: 60_000 }

const nothing: Expected = { basis: undefined, positions: [], newestEffect: 0, version: undefined }
const basis = (cash: Readonly<Record<string, string>>, more: object = {}): Expected => ({
  positions: [],
  newestEffect: 900,
  version: 0,
  basis: {
    at: 1_000,
    through: 900,
    count: 0,
    doubtful: [],
    balances: {
      basis: Object.entries(cash).map(([token, amount]) => ({ token, cash: amount, slack: '0' })),
      flows: [],
      accepted: [],
    },
    ...more,
  },
})

const given = (market: 'spot' | 'perpetual' = 'spot') => {
  const clock = { time: 100_000 }
  const now = () => clock.time
  const { log, eventsOf } = memoryLog()
  const said = () => eventsOf('drift-main-simulator')
  const streams = createOrderStreams(log, now, () => log)
  const strangers: string[] = []
  const pairs: string[] = []
  const at = {
    expected: nothing,
    balances: {} as Readonly<Record<string, string>>,
    positions: [] as Awaited<ReturnType<AccountVenue['positions']>>,
    fills: [] as VenueFill[],
    open: [] as VenueOrderState[],
    waiting: 0,
  }
  const context = {
    streams,
    now,
    drifts: { stranger: () => undefined, found: () => undefined, told: () => undefined, gap: () => undefined },
    balancesMoved: () => undefined,
  } as Partial<OrdersContext> as OrdersContext
  const venue = {
    connectorName: 'simulator',
    openOrders: async () => at.open,
    balances: async () => Object.entries(at.balances).map(([token, total]) => ({ token, total, available: total })),
    positions: async () => at.positions,
    fundingPayments: async () => [],
    fills: async (pair) => {
      pairs.push(pair)
      return at.fills.filter(({ tradingPair }) => tradingPair === pair)
    },
  } as Partial<AccountVenue> as AccountVenue
  const look = createLook({
    log,
    now,
    report: () => undefined,
    context,
    place,
    venue,
    market,
    policy,
    strangers: {
      add: (_pair, id) => void strangers.push(id),
      identify: async () => undefined,
      waiting: () => at.waiting,
    } satisfies Strangers,
    expected: async () => at.expected,
    compareOrders: async () => undefined,
  })
  const drifts = (): DriftDetected[] =>
    said().flatMap(({ type, data }) => (type === 'DriftDetected' ? [data as DriftDetected] : []))
  const confirmed = (): BalancesConfirmed[] =>
    said().flatMap(({ type, data }) => (type === 'BalancesConfirmed' ? [data as BalancesConfirmed] : []))
  /** The stream is where the read models say it is. */
  const seed = async () => {
    const metadata = { actor: 'service:trading', correlationId: 'a', causationId: 'a', time: 0 }
    await log.append('drift-main-simulator', [{ id: 'a', type: 'Seed', schemaVersion: 1, data: {}, metadata }], 'none')
  }
  return { at, clock, look, drifts, confirmed, seed, strangers, pairs, streams }
}

t.test('the first look writes down what is there, and announces nothing', async (t) => {
  const { at, look, drifts, confirmed } = given()
  at.balances = { USDT: '100' }
  t.same(await look('with-fills'), { drifts: [], undecided: [], nextAt: undefined })
  t.match(confirmed(), [
    { reason: 'first-look', at: 100_000, through: 0, tokens: [{ token: 'USDT', cash: '100', slack: '0' }] },
  ])
  t.same(drifts(), [])
})

t.test('a difference is read after, waited for, and announced once', async (t) => {
  const { at, clock, look, drifts, seed, pairs } = given()
  await seed()
  at.expected = basis({ USDT: '100', BTC: '1' })
  at.balances = { USDT: '90', BTC: '2' }
  t.match(await look('without-fills'), {
    drifts: [],
    undecided: [{ subject: 'USDT' }, { subject: 'BTC' }],
    nextAt: 101_000,
  })
  t.same(pairs, [], 'nothing was known to differ when it began')
  clock.time = 100_500
  t.equal((await look('without-fills')).drifts.length, 0)
  t.same(pairs.sort(), ['BTC-USDT', 'USDT-BTC'])
  clock.time = 101_000
  t.equal((await look('without-fills')).drifts.length, 2)
  t.match(drifts(), [
    { kind: 'balance', subject: 'USDT', ours: '100', venue: '90', difference: '-10', repair: 'venue-taken' },
    { kind: 'balance', subject: 'BTC', ours: '1', venue: '2', difference: '1' },
  ])
})

t.test('what is being traded is waited for longer, and what an unknown order did is not judged', async (t) => {
  const { at, clock, look, drifts, seed, streams } = given()
  await seed()
  const order = { ...place, clientOrderId: 'a', tradingPair: 'BTC-USDT', tradeType: 'BUY', orderType: 'LIMIT' } as const
  const cause = { actor: 'user:a', correlationId: 'c', causationId: 'c' }
  const rest = { amount: '1', price: '1', positionAction: 'OPEN', requestedAmount: '1', requestedPrice: '1' } as const
  await streams.submit({ ...order, ...rest }, 'e', cause)
  at.expected = basis({ USDT: '100' })
  at.balances = { USDT: '90', BNB: '1' }
  await look('without-fills')
  clock.time += 10_000
  t.match(await look('without-fills'), { drifts: [{ subject: 'BNB' }], undecided: [{ subject: 'USDT' }] })
  clock.time += 10 * policy.busyMs
  t.same(
    (await look('without-fills')).drifts.filter(({ subject }) => subject === 'USDT'),
    [],
  )

  await streams.handle('a', { kind: 'accept', venueOrderId: '7' }, cause)
  at.expected = { ...at.expected, version: 1 }
  at.balances = { USDT: '80' }
  await look('without-fills')
  clock.time += policy.guardMs
  t.same((await look('without-fills')).drifts, [])
  clock.time += policy.busyMs
  t.match((await look('without-fills')).drifts, [{ subject: 'USDT', difference: '-20' }])
  t.equal(drifts().length, 2)
})

t.test('while an order at the venue is not known nothing is concluded', async (t) => {
  const { at, clock, look, drifts, seed } = given()
  await seed()
  at.expected = basis({ USDT: '100' })
  at.balances = { USDT: '90' }
  at.waiting = 1
  for (let n = 0; n < 3; n += 1) {
    t.match(await look('with-fills'), { drifts: [], undecided: [{ subject: 'USDT' }] })
    clock.time += 60_000
  }
  t.same(drifts(), [])
})

t.test('another writer was faster: nothing is stored, and the next look decides', async (t) => {
  const { at, clock, look, drifts, seed } = given()
  await seed()
  await look('without-fills')
  at.expected = { ...basis({ USDT: '100' }), version: 7 }
  at.balances = { USDT: '90' }
  await look('without-fills')
  clock.time += 2_000
  t.match(await look('without-fills'), { drifts: [], undecided: [{ subject: 'USDT' }] })
  at.expected = basis({ USDT: '100' })
  t.equal((await look('without-fills')).drifts.length, 1)
  t.equal(drifts().length, 1)
})

t.test('a fill that may have been in the basis before makes a new basis, and no drift', async (t) => {
  const { at, look, drifts, confirmed, seed } = given()
  await seed()
  const effect = new Map([
    ['BTC', '1'],
    ['USDT', '-10'],
  ])
  const flows = [...effect].map(([token, amount]) => ({ token, amount, turnover: '10', count: 1 }))
  const { basis: of } = basis({ USDT: '90', BTC: '2' })
  at.expected = basis({}, { doubtful: [effect], count: 1, balances: { ...of?.balances, flows } })
  at.balances = { USDT: '90', BTC: '2' }
  t.same((await look('without-fills')).drifts, [])
  t.match(confirmed(), [{ reason: 'blurred', through: 900, tokens: [{ cash: '90' }, { cash: '2' }] }])
  t.same(drifts(), [])
})

t.test('an old basis of an account that traded is made anew when nothing differs', async (t) => {
  const { at, look, confirmed, seed } = given()
  await seed()
  at.balances = { USDT: '100' }
  at.expected = basis({ USDT: '100' }, { count: 3, at: 100_000 - policy.rollMs + 1 })
  await look('without-fills')
  at.expected = basis({ USDT: '100' }, { count: 0, at: 0 })
  await look('without-fills')
  t.same(confirmed(), [])
  at.expected = basis({ USDT: '100' }, { count: 3, at: 100_000 - policy.rollMs })
  await look('without-fills')
  t.match(confirmed(), [{ reason: 'rolled', at: 100_000 }])
})

t.test('a position of another size takes its cost with it, and leaves undecided what else differs', async (t) => {
  const { at, clock, look, drifts, confirmed, seed } = given('perpetual')
  await seed()
  const held = { tradingPair: 'BTC-USDT', side: 'BOTH', entryPrice: '100', unrealizedPnl: '0', leverage: null } as const
  at.expected = { ...basis({ USDT: '800', BNB: '5' }), positions: [{ ...held, amount: '2' }] }
  at.balances = { USDT: '1000', BNB: '5' }
  at.positions = [{ ...held, amount: '3' }]
  t.match((await look('without-fills')).undecided, [{ kind: 'position', difference: '1' }])
  clock.time += policy.guardMs
  at.balances = { USDT: '1000', BNB: '6' }
  t.match(await look('without-fills'), {
    drifts: [{ kind: 'position', subject: 'BOTH', tradingPair: 'BTC-USDT', ours: '2', venue: '3' }],
    undecided: [{ kind: 'balance', subject: 'BNB' }],
  })
  t.equal(drifts().length, 1)
  t.match(confirmed(), [
    {
      reason: 'position-taken',
      tokens: [
        { token: 'USDT', cash: '700', slack: '3' },
        { token: 'BNB', cash: '5' },
      ],
    },
  ])
})

t.test('fills of nobody here are strangers, those from before the first look are history', async (t) => {
  const { at, look, seed, strangers } = given('perpetual')
  await seed()
  const fill = (venueOrderId: string, time: number): VenueFill => ({
    tradeId: venueOrderId,
    venueOrderId,
    clientOrderId: null,
    tradingPair: 'BTC-USDT',
    tradeType: 'BUY',
    price: '1',
    amount: '1',
    feeAmount: '0',
    feeCurrency: 'USDT',
    liquidity: 'taker',
    time,
  })
  at.fills = [fill('old', 999), fill('new', 1_000)]
  at.expected = { ...basis({}), positions: [{ tradingPair: 'BTC-USDT', side: 'BOTH', amount: '0' }] }
  await look('with-fills')
  t.same(strangers, ['new'])
})
