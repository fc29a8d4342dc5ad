import { fundingStream, orderStream, pnlRequest, portfolioStateRequest, snapshotsStream } from '@colibri/contracts'
import {
  type NewEvent,
  openPostgresLog,
  randomEventId,
  rebuildProjection,
  runProjection,
  tableDigests,
} from '@colibri/event-log'
import { testPostgres } from '@colibri/testkit'
import pg from 'pg'
import t from 'tap'
import { pastProjection } from '../past/past.projection.ts'
import { pastQueries } from '../past/past.queries.ts'
import { pastTokenPrices } from '../past/past-prices.ts'
import { pastState } from '../past/past-state.ts'
import { pnlProjection } from './pnl.projection.ts'
import { pnlQueries } from './pnl.queries.ts'

const { url } = await testPostgres(t)
const pool = new pg.Pool({ connectionString: url })
// Its connections may still be closing when the server goes.
pool.on('error', () => {})
t.teardown(() => pool.end())
const log = await openPostgresLog({ url })
t.teardown(() => log.close())
const past = await runProjection(log, pool, pastProjection, { schema: 'portfolio' })
t.teardown(() => past.stop())
const projection = await runProjection(log, pool, pnlProjection, { schema: 'portfolio' })
t.teardown(() => projection.stop())

const prices = new Map([['BTC-USDT', '120']])
const asked: [string, readonly string[], number | null][] = []
const read = pnlQueries({
  pool,
  current: () => projection.catchUp(20_000),
  prices: async (connectorName, pairs, at) => {
    asked.push([connectorName, pairs, at])
    return prices
  },
})
const pnl = (query: object) => read(pnlRequest.parse(query))

const event = (type: string, data: object): NewEvent => ({
  id: randomEventId(),
  type,
  schemaVersion: 1,
  data,
  metadata: { correlationId: 'c', causationId: 'c', actor: 'venue:simulator', time: 1 },
})

interface Trade {
  readonly order: string
  readonly tradeId: string
  readonly venueTime: number
  readonly amount: string
  readonly price: string
  readonly fee?: readonly [amount: string, currency: string, inQuote: string | null]
  readonly positionSide?: 'LONG' | 'SHORT'
}

const submit = (accountName: string, connectorName: string, id: string, tradeType: 'BUY' | 'SELL') =>
  log.append(
    orderStream(id),
    [
      event('OrderSubmitted', {
        clientOrderId: id,
        accountName,
        connectorName,
        tradingPair: 'BTC-USDT',
        tradeType,
        orderType: 'MARKET',
        amount: '10',
        price: null,
        positionAction: 'OPEN',
        requestedAmount: '10',
        requestedPrice: null,
      }),
    ],
    'none',
  )

const fill = ({ order, fee = ['0', 'USDT', '0'], ...trade }: Trade) => {
  const [feeAmount, feeCurrency, feeInQuote] = fee
  return log.append(
    orderStream(order),
    [event('OrderFilled', { ...trade, feeAmount, feeCurrency, feeInQuote, liquidity: 'taker' })],
    'any',
  )
}

const T = Date.UTC(2026, 2, 1)

/** Buys 2 at 100 and 1 at 130, sells 1.5 at 140, then sells 2 more, half a short at 150. */
const trades = (prefix: string): readonly Trade[] => [
  { order: `${prefix}-buy`, tradeId: '9', venueTime: T, amount: '2', price: '100', fee: ['0.002', 'BTC', '0.2'] },
  { order: `${prefix}-buy`, tradeId: '10', venueTime: T, amount: '1', price: '130', fee: ['0.001', 'BTC', '0.13'] },
  {
    order: `${prefix}-sell`,
    tradeId: '11',
    venueTime: T + 1000,
    amount: '1.5',
    price: '140',
    fee: ['0.01', 'BNB', null],
  },
  {
    order: `${prefix}-sell`,
    tradeId: '12',
    venueTime: T + 2000,
    amount: '2',
    price: '150',
    fee: ['0.3', 'USDT', '0.3'],
  },
]

const place = async (accountName: string, prefix: string, arriving: readonly number[]): Promise<void> => {
  await submit(accountName, 'simulator', `${prefix}-buy`, 'BUY')
  await submit(accountName, 'simulator', `${prefix}-sell`, 'SELL')
  for (const index of arriving) {
    const trade = trades(prefix)[index]
    if (trade !== undefined) await fill(trade)
    // One batch a fill: what is late is really put in between.
    await projection.catchUp(20_000)
  }
}

await place('in-order', 'a', [0, 1, 2, 3])
await place('late', 'b', [3, 1, 2, 0])

const market = {
  connector_name: 'simulator',
  trading_pair: 'BTC-USDT',
  side: 'BOTH',
  base: 'BTC',
  quote: 'USDT',
  position: '-0.5',
  average_price: '150',
  price: '120',
  // 1.5 · (140 − 110) + 1.5 · (150 − 110)
  realized_pnl: '105',
  unrealized_pnl: '15',
  volume: '840',
  volume_base: '6.5',
  fees: '0.63',
  fees_by_currency: { BNB: '0.01', BTC: '0.003', USDT: '0.3' },
  fees_without_price: { BNB: '0.01' },
  fills: 4,
}

t.test('a fill counts where the venue’s time says, whenever it was recorded', async (t) => {
  for (const account of ['in-order', 'late'])
    t.same((await pnl({ account_names: [account] })).markets, [{ account_name: account, ...market }])
  const { rows } = await pool.query<{ same: boolean }>(
    `select (select array_agg(f.book::text order by f.venue_time, f.sequence) from portfolio.pnl_fills f
        join portfolio.pnl_books b on b.id = f.book_id where b.account_name = 'late')
      = (select array_agg(f.book::text order by f.venue_time, f.sequence) from portfolio.pnl_fills f
        join portfolio.pnl_books b on b.id = f.book_id where b.account_name = 'in-order') as same`,
  )
  t.same(rows, [{ same: true }], 'after every single fill')
})

t.test('a window has what happened in it, and the position of its end', async (t) => {
  asked.length = 0
  const window = { account_names: ['late'], since: T + 1, until: new Date(T + 1000).toISOString() }
  t.match(await pnl(window), {
    since: '2026-03-01T00:00:00.001Z',
    until: '2026-03-01T00:00:01.000Z',
    markets: [
      {
        position: '1.5',
        average_price: '110',
        realized_pnl: '45',
        unrealized_pnl: '15',
        volume: '210',
        fees: '0',
        fees_by_currency: { BNB: '0.01' },
        fills: 1,
      },
    ],
  })
  t.same(asked, [['simulator', ['BTC-USDT'], T + 1000]], 'valued at the price of then')
  t.same(await pnl({ account_names: ['late'], until: T - 1 }), {
    since: null,
    until: '2026-02-28T23:59:59.999Z',
    markets: [],
    funding: [],
    totals: {},
  })
})

t.test('a position that nobody can value has no unrealised PnL, and neither has the total', async (t) => {
  prices.clear()
  const { markets, totals } = await pnl({ account_names: ['late'] })
  prices.set('BTC-USDT', '120')
  t.match(markets, [{ price: null, unrealized_pnl: null, realized_pnl: '105' }])
  t.match(totals, { USDT: { unrealized_pnl: null, net_pnl: null, realized_pnl: '105' } })
})

t.test('in hedge mode long and short are kept apart; funding is part of the total', async (t) => {
  const perpetual = { account: 'hedged', connector: 'simulator_perpetual' }
  for (const [id, side] of [
    ['long-open', 'BUY'],
    ['short-open', 'SELL'],
    ['long-close', 'SELL'],
  ] as const)
    await submit(perpetual.account, perpetual.connector, id, side)
  await fill({ order: 'long-open', tradeId: '1', venueTime: T, amount: '1', price: '100', positionSide: 'LONG' })
  await fill({ order: 'short-open', tradeId: '2', venueTime: T + 1, amount: '1', price: '110', positionSide: 'SHORT' })
  await fill({ order: 'long-close', tradeId: '3', venueTime: T + 2, amount: '0.5', price: '130', positionSide: 'LONG' })
  const funding = (venueId: string, amount: string) =>
    event('FundingPaid', {
      accountName: perpetual.account,
      connectorName: perpetual.connector,
      tradingPair: 'BTC-USDT',
      venueId,
      amount,
      currency: 'USDT',
      rate: null,
      positionSize: null,
      venueTime: T + 3,
    })
  await log.append(
    fundingStream(perpetual.account, perpetual.connector),
    [funding('1', '-0.75'), funding('2', '0.25')],
    'any',
  )
  t.match(await pnl({ connector_names: ['simulator_perpetual'] }), {
    markets: [
      { side: 'LONG', position: '0.5', realized_pnl: '15', unrealized_pnl: '10' },
      { side: 'SHORT', position: '-1', realized_pnl: '0', unrealized_pnl: '-10' },
    ],
    funding: [{ account_name: 'hedged', trading_pair: 'BTC-USDT', currency: 'USDT', amount: '-0.5', payments: 2 }],
    totals: { USDT: { realized_pnl: '15', unrealized_pnl: '0', funding: '-0.5', net_pnl: '14.5' } },
  })
})

t.test('the past is the snapshot before it, moved by fills and funding', async (t) => {
  const snapshot = (takenAt: number, units: string, price: string) =>
    event('PortfolioSnapshotTaken', {
      takenAt,
      accounts: [
        {
          accountName: 'in-order',
          connectorName: 'simulator',
          askedAt: takenAt + 5,
          tokens: [
            { token: 'USDT', units: '1000', available: '900', price: '1' },
            { token: 'BTC', units, available: units, price },
          ],
        },
        {
          accountName: 'hedged',
          connectorName: 'simulator_perpetual',
          askedAt: takenAt + 5,
          tokens: [{ token: 'USDT', units: '500', available: '500', price: '1' }],
        },
      ],
    })
  await log.append(snapshotsStream, [snapshot(T - 60_000, '1', '99'), snapshot(T + 60_000, '0.5', '151')], 'any')
  const queries = pastQueries(pool, async () => {
    await Promise.all([past.catchUp(20_000), projection.catchUp(20_000)])
  })
  const closes: unknown[] = []
  const noPrice = async (...query: readonly unknown[]) => {
    closes.push(query)
    return null
  }
  const state = pastState({
    past: queries,
    bannedTokens: new Set(),
    prices: pastTokenPrices(queries, noPrice, (error) => t.error(error)),
  })
  const at = (time: number, request: object = {}) => state(portfolioStateRequest.parse(request), time)
  const entry = (token: string, units: number, price: number, available = units) => ({
    token,
    units,
    price,
    value: units * price,
    available_units: available,
  })
  t.same(await at(T - 1), {
    takenAt: T - 60_000,
    state: {
      'in-order': { simulator: [entry('USDT', 1000, 1, 900), entry('BTC', 1, 99)] },
      hedged: { simulator_perpetual: [entry('USDT', 500, 1)] },
    },
  })
  // Bought 3 for 330 with 0.003 of fees, then sold 1.5 for 210 with a fee in a token that was not there.
  t.same((await at(T + 1999)).state, {
    'in-order': {
      simulator: [
        entry('USDT', 880, 1, 780),
        entry('BTC', 2.497, 140),
        { ...entry('BNB', -0.01, 0), value: -0, available_units: 0 },
      ],
    },
    hedged: { simulator_perpetual: [entry('USDT', 514.5, 1)] },
  })
  t.same(closes, [['simulator', 'BNB-USDT', T + 1999]], 'a candle is asked for what nobody here has seen')
  t.same((await at(T + 70_000, { account_names: ['in-order'] })).state, {
    'in-order': { simulator: [entry('USDT', 1000, 1, 900), entry('BTC', 0.5, 151)] },
  })
  t.same(await at(T - 60_001), { takenAt: null, state: {} })
})

t.test('a rebuild gives the same rows, byte for byte', async (t) => {
  for (const one of [pnlProjection, pastProjection]) {
    const before = await tableDigests(pool, one, 'portfolio')
    t.ok(before.every(({ rows }) => rows > 0))
    await rebuildProjection(log, pool, one, { schema: 'portfolio' })
    t.same(await tableDigests(pool, one, 'portfolio'), before)
  }
})
