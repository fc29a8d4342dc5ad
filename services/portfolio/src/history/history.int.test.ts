import { portfolioHistoryRequest, portfolioPerformanceRequest, snapshotsStream } from '@colibri/contracts'
import { openPostgresLog, rebuildProjection, runProjection, tableDigests } from '@colibri/event-log'
import { testPostgres } from '@colibri/testkit'
import pg from 'pg'
import t from 'tap'
import type { PortfolioDeps } from '../state/portfolio-state.ts'
import { historyProjection } from './history.projection.ts'
import { historyQueries } from './history.queries.ts'
import { takeSnapshot } from './take-snapshots.ts'

const MINUTE = 60_000
const INTERVAL = 5 * MINUTE
const BEGIN = Date.parse('2026-03-01T00:00:30Z')

const { url } = await testPostgres(t)
const pool = new pg.Pool({ connectionString: url })
t.teardown(() => pool.end())
const log = await openPostgresLog({ url })
t.teardown(() => log.close())
const projection = await runProjection(log, pool, historyProjection, { schema: 'portfolio' })
t.teardown(() => projection.stop())
const queries = historyQueries(pool, () => projection.catchUp(10_000))

/** BTC rises by a hundred in every interval, and the second account begins an hour later. */
const holdingsAt = (step: number): PortfolioDeps => ({
  accountNames: async () => ['master_account', 'second', 'empty'],
  balances: async () => ({
    accounts: [
      account('master_account', 'binance', { USDT: '1000.5', BTC: '0.1' }),
      account('master_account', 'kraken', { BTC: '0.2' }),
      ...(step >= 12 ? [account('second', 'binance', { BTC: '1' })] : []),
      account('empty', 'binance', {}),
    ],
  }),
  prices: async (_connector, pairs) => new Map(pairs.map((pair) => [pair, String(50_000 + 100 * step)])),
  bannedTokens: new Set(),
})
const account = (accountName: string, connectorName: string, totals: Readonly<Record<string, string>>) => ({
  accountName,
  connectorName,
  balances: Object.entries(totals).map(([token, total]) => ({ token, total, available: total })),
  time: 0,
  error: null,
})

const STEPS = 36
for (let step = 0; step < STEPS; step += 1) {
  const time = BEGIN + step * INTERVAL
  const deps = {
    log,
    portfolio: holdingsAt(step),
    intervalMs: INTERVAL,
    report: (error: unknown) => t.error(error),
  }
  // Three replicas try at once, and one again within the interval.
  await Promise.all([1, 2, 3].map((replica) => takeSnapshot({ ...deps, now: () => time + replica })))
  await takeSnapshot({ ...deps, now: () => time + INTERVAL / 2 })
}

const history = (body: object) => queries.history(portfolioHistoryRequest.parse(body))
const minute = (step: number): string =>
  `${new Date(Math.floor((BEGIN + step * INTERVAL) / MINUTE) * MINUTE).toISOString().slice(0, 19)}+00:00`
const timesOf = async (body: object) => (await history(body)).data.map(({ timestamp }) => timestamp)

t.test('one snapshot for each interval, whoever takes it', async (t) => {
  t.equal((await log.read(snapshotsStream)).length, STEPS)
  t.same(
    await timesOf({}),
    Array.from({ length: STEPS }, (_, index) => minute(STEPS - 1 - index)),
    'newest first',
  )
})

t.test('an item is the whole state of its minute', async (t) => {
  const [newest] = (await history({ limit: 1 })).data
  const price = 50_000 + 100 * (STEPS - 1)
  const bitcoin = (units: number) => ({ token: 'BTC', units, price, value: units * price, available_units: units })
  t.same(newest, {
    timestamp: minute(STEPS - 1),
    state: {
      master_account: {
        binance: [{ token: 'USDT', units: 1000.5, price: 1, value: 1000.5, available_units: 1000.5 }, bitcoin(0.1)],
        kraken: [bitcoin(0.2)],
      },
      second: { binance: [bitcoin(1)] },
    },
  })
})

t.test('larger intervals keep the newest item and then one for each interval', async (t) => {
  const every = (step: number) =>
    Array.from({ length: Math.ceil(STEPS / step) }, (_, index) => minute(STEPS - 1 - index * step))
  t.same(await timesOf({ interval: '15m' }), every(3))
  t.same(await timesOf({ interval: '1h' }), every(12))
  t.same(await timesOf({ interval: '1d' }), [minute(STEPS - 1)])
})

t.test('pages follow one another without a gap or a repetition, at every interval', async (t) => {
  for (const interval of ['5m', '15m', '1h']) {
    const seen: string[] = []
    for (let cursor: string | null = null; ; ) {
      const page = await history({ limit: 2, interval, cursor })
      t.equal(page.pagination.current_cursor, cursor)
      seen.push(...page.data.map(({ timestamp }) => timestamp))
      cursor = page.pagination.next_cursor
      t.equal(page.pagination.has_more, cursor !== null)
      if (cursor === null) break
    }
    t.same(new Set(seen).size, seen.length)
    if (interval === '5m') t.same(seen, await timesOf({}))
  }
  t.same(await timesOf({ cursor: 'nonsense', limit: 1 }), [minute(STEPS - 1)], 'a cursor that is none is ignored')
})

t.test('filters narrow items and time; they are echoed', async (t) => {
  t.equal((await timesOf({ account_names: ['second'] })).length, STEPS - 12)
  t.same((await history({ account_names: ['second', 'nobody'], limit: 1 })).data[0]?.state, {
    second: { binance: [{ token: 'BTC', units: 1, price: 53_500, value: 53_500, available_units: 1 }] },
  })
  t.same(Object.keys((await history({ connector_names: ['kraken'], limit: 1 })).data[0]?.state.master_account ?? {}), [
    'kraken',
  ])
  const from = BEGIN + 2 * INTERVAL - 30_000
  const to = BEGIN + 4 * INTERVAL
  t.same(await timesOf({ start_time: from, end_time: to }), [minute(4), minute(3), minute(2)])
  t.same(await timesOf({ start_time: from / 1000, end_time: to / 1000 }), [minute(4), minute(3), minute(2)], 'seconds')
  t.same((await history({ start_time: 1, end_time: 2, interval: '1h' })).pagination, {
    limit: 100,
    has_more: false,
    next_cursor: null,
    current_cursor: null,
    filters: { account_names: null, connector_names: null, start_time: 1, end_time: 2, interval: '1h' },
  })
  t.throws(() => portfolioHistoryRequest.parse({ interval: 'bad' }))
})

t.test('performance is the worth at the end against that at the start', async (t) => {
  const performance = (body: object) => queries.performance(portfolioPerformanceRequest.parse(body))
  t.same(await performance({ connector_names: ['kraken'] }), {
    start_time: minute(0),
    end_time: minute(STEPS - 1),
    start_value: 10_000,
    end_value: 10_700,
    pnl: 700,
    pnl_pct: 0.07,
  })
  t.match(await performance({ account_names: ['nobody'] }), { start_value: null, pnl: null, pnl_pct: null })
})

t.test('a rebuild gives the same rows, byte for byte', async (t) => {
  const before = await tableDigests(pool, historyProjection, 'portfolio')
  await rebuildProjection(log, pool, historyProjection, { schema: 'portfolio' })
  t.same(await tableDigests(pool, historyProjection, 'portfolio'), before)
})
