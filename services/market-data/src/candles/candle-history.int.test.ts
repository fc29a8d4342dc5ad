import { openVenues } from '@colibri/exchange'
import { testPostgres, testSimulator } from '@colibri/testkit'
import pg from 'pg'
import t from 'tap'
import { FreshCache } from '../venue-calls/fresh-cache.ts'
import { CandleHistory, CandlesMissing, type FoundCandles } from './candle-history.ts'
import type { TimeRange } from './candle-range.ts'
import { createCandleTables, inTransaction } from './candle-tables.ts'
import { foundRows, foundRowsJson } from './found-rows.ts'
import { type SeriesKey, StoredCandles } from './stored-candles.ts'
import { countingProxy } from './testing/counting-proxy.ts'
import { madeCandle } from './testing/made-candles.ts'

const MINUTE = 60_000
const DAY = 1_440 * MINUTE
const START = Date.UTC(2024, 2, 1)

t.test('candles of the past, from a venue over real sockets', async (t) => {
  const [{ url }, simulator] = await Promise.all([testPostgres(t), testSimulator(t)])
  const venueSide = await countingProxy(simulator.restUrl)
  t.teardown(() => venueSide.close())

  /** A replica: a pool, a venue connection and a memory of its own. */
  const replica = async (options: { readonly waitMs?: number } = {}): Promise<CandleHistory> => {
    const waitMs = options.waitMs ?? 20_000
    const pool = new pg.Pool({ connectionString: url, max: 6 })
    // Postgres may end before the pool does.
    pool.on('error', () => undefined)
    t.teardown(() => pool.end())
    await createCandleTables(pool)
    const venues = openVenues({ urls: { simulator: { rest: venueSide.url } } })
    t.teardown(() => venues.close())
    return new CandleHistory({
      stored: new StoredCandles(pool),
      venues,
      fills: new FreshCache({
        freshMs: 1_000,
        staleMs: 0,
        waitMs,
        retryMs: 100,
        maxEntries: 50,
        now: Date.now,
        onFailure: () => undefined,
      }),
      waitMs,
      now: Date.now,
    })
  }
  const [one, two] = await Promise.all([replica(), replica()])
  const key = (tradingPair: string, interval = '1m'): SeriesKey => ({
    connectorName: 'simulator',
    tradingPair,
    interval,
  })
  const rowsOf = async (history: CandleHistory, { interval }: SeriesKey, found: FoundCandles) => {
    const rows = []
    for await (const page of foundRows(history.stored, interval, found)) rows.push(...page)
    return rows
  }
  const timesOf = async (history: CandleHistory, of: SeriesKey, range: TimeRange): Promise<readonly number[]> =>
    (await rowsOf(history, of, await history.find(of, range))).map(({ time }) => time)
  const every = (from: number, to: number, step: number): readonly number[] =>
    Array.from({ length: Math.ceil((to - from) / step) }, (_, index) => from + index * step)
  const asksOf = async (work: () => Promise<unknown>) => {
    const before = venueSide.asked.length
    await work()
    return venueSide.asked.slice(before)
  }

  await t.test('a range is asked for once, whoever asks how often', async (t) => {
    const of = key('BTC-USDT')
    const range = { from: START, to: START + 5_000 * MINUTE }
    const asked = await asksOf(async () => {
      const all = await Promise.all([one, two, one, two].map((history) => timesOf(history, of, range)))
      for (const times of all) t.same(times, every(range.from, range.to, MINUTE))
    })
    t.equal(new Set(asked.map(({ from }) => from)).size, asked.length, 'no page twice')
    t.equal(asked.length, 6, '5,000 rows lie in 6 pages')
    const again = await asksOf(() => Promise.all([timesOf(one, of, range), timesOf(two, of, range)]))
    t.same(again, [])
  })

  await t.test('of an overlapping range only what is missing is asked for', async (t) => {
    const of = key('ETH-USDT', '5m')
    const step = 5 * MINUTE
    await timesOf(one, of, { from: START, to: START + 100 * step })
    await timesOf(two, of, { from: START + 200 * step, to: START + 300 * step })
    const asked = await asksOf(async () => {
      const wanted = { from: START - 50 * step, to: START + 350 * step }
      t.same(await timesOf(one, of, wanted), every(wanted.from, wanted.to, step))
    })
    t.same(
      asked.map(({ from }) => from).sort(),
      [START - 50 * step, START + 100 * step, START + 300 * step],
      'before, between and behind',
    )
  })

  await t.test('a stretch without candles is not asked for again', async (t) => {
    const of = key('BNB-USDT', '1d')
    // The simulator lists its pairs in 2021.
    const range = { from: Date.UTC(2020, 0, 1), to: Date.UTC(2021, 0, 11) }
    const first = await asksOf(async () =>
      t.same(await timesOf(one, of, range), every(Date.UTC(2021, 0, 1), range.to, DAY)),
    )
    t.ok(first.length > 0)
    t.same(await asksOf(() => timesOf(two, of, range)), [])
  })

  await t.test('the rows are those of the venue, in every column', async (t) => {
    const of = key('ADA-USDT', '15m')
    const range = { from: START, to: START + DAY }
    const venues = openVenues({ urls: { simulator: { rest: simulator.restUrl } } })
    t.teardown(() => venues.close())
    const truth = await venues.publicVenue('simulator').candles('ADA-USDT', '15m', 96, START)
    t.same(await rowsOf(one, of, await one.find(of, range)), truth)
    let json = ''
    for await (const part of foundRowsJson(one.stored, '15m', await one.find(of, range))) json += part
    t.same(
      JSON.parse(`[${json}]`),
      truth.map((row) => ({
        timestamp: row.time / 1000,
        open: row.open,
        high: row.high,
        low: row.low,
        close: row.close,
        volume: row.volume,
        quote_asset_volume: row.quoteVolume,
        n_trades: row.trades,
        taker_buy_base_volume: row.takerBuyBaseVolume,
        taker_buy_quote_volume: row.takerBuyQuoteVolume,
      })),
    )
  })

  await t.test('many who want the newest at once share one request', async (t) => {
    const of = key('ADA-USDT', '4h')
    const range = { from: Date.now() - 2 * DAY, to: Date.now() + DAY }
    await timesOf(one, of, range)
    const asked = await asksOf(async () => {
      const all = await Promise.all(Array.from({ length: 40 }, () => timesOf(one, of, range)))
      t.equal(new Set(all.map(String)).size, 1)
    })
    t.ok(asked.length <= 1, `${asked.length} requests`)
  })

  await t.test('the live candle is shown and not stored', async (t) => {
    const of = key('ETH-USDT', '1h')
    const time = Date.now()
    const live = Math.floor(time / (60 * MINUTE)) * 60 * MINUTE
    const found = await one.find(of, { from: live - 3 * 60 * MINUTE, to: time })
    const rows = await rowsOf(one, of, found)
    t.same(
      rows.map((row) => row.time),
      [3, 2, 1, 0].map((hours) => live - hours * 60 * MINUTE),
    )
    const id = await one.stored.find(of)
    const stored = await one.stored.rows(id ?? 0, { from: 0, to: time + DAY })
    t.notOk(stored.some((row) => row.time >= live))
    t.ok((await one.stored.coverage(id ?? 0)).every(({ to }) => to <= live))
  })

  await t.test('a pair that does not exist leaves no trace', async (t) => {
    const of = key('NO-PE')
    const range = { from: START, to: START + MINUTE }
    await t.rejects(one.find(of, range), { name: 'CandlesMissing', cause: { name: 'UnknownPair' } })
    t.equal(await one.stored.find(of), undefined)
  })

  await t.test('a claim of a dead replica is taken over', async (t) => {
    const of = key('BTC-USDT', '3m')
    const step = 3 * MINUTE
    const id = await one.stored.open(of)
    const piece = Math.floor(START / (999 * step))
    await one.stored.pool.query(
      `insert into market_data.candle_claims values ($1, $2, gen_random_uuid(), now() + interval '1 second')`,
      [id, piece],
    )
    t.same(await timesOf(two, of, { from: START, to: START + step }), [START])
  })

  await t.test('a venue that is gone: what is stored is served, what is not is an error', async (t) => {
    const of = key('BNB-USDT', '30m')
    const step = 30 * MINUTE
    const stored = { from: START, to: START + 10 * step }
    await timesOf(one, of, stored)
    venueSide.fault = 503
    t.teardown(() => {
      venueSide.fault = null
    })
    t.same(await timesOf(two, of, stored), every(stored.from, stored.to, step))
    const error = await one.find(of, { from: START, to: START + 20 * step }).then(
      () => undefined,
      (reason: unknown) => reason,
    )
    t.ok(error instanceof CandlesMissing)
    t.match(error, {
      cause: { name: 'VenueUnavailable' },
      stored: [stored],
      missing: [{ from: stored.to, to: START + 20 * step }],
    })
  })

  await t.test('a venue that is silent costs no more than the patience', async (t) => {
    const impatient = await replica({ waitMs: 300 })
    venueSide.fault = 'silence'
    t.teardown(() => {
      venueSide.fault = null
    })
    await t.rejects(impatient.find(key('BNB-USDT', '2h'), { from: START, to: START + DAY }), {
      name: 'CandlesMissing',
      cause: { name: 'VenueTooSlow' },
    })
  })

  await t.test('a higher interval is made from stored lower ones where the venue is gone', async (t) => {
    const of = (interval: string): SeriesKey => ({ connectorName: 'binance', tradingPair: 'X-USDT', interval })
    const lower = await one.stored.open(of('15m'))
    const rows = every(START, START + DAY, 15 * MINUTE).map((time) => madeCandle(time))
    await inTransaction(one.stored.pool, (client) =>
      one.stored.save(client, lower, rows, { from: START, to: START + DAY }),
    )
    const offline = new CandleHistory({
      stored: one.stored,
      venues: openVenues({ urls: { binance: { rest: 'http://127.0.0.1:9' } } }),
      fills: new FreshCache({
        freshMs: 1_000,
        staleMs: 0,
        waitMs: 5_000,
        retryMs: 100,
        maxEntries: 5,
        now: Date.now,
        onFailure: () => undefined,
      }),
      waitMs: 5_000,
      now: Date.now,
    })
    const range = { from: START + 60 * MINUTE, to: START + 180 * MINUTE + 1 }
    const found = await offline.find(of('1h'), range)
    t.equal(found.kind, 'derived')
    const hours = await rowsOf(offline, of('1h'), found)
    t.same(
      hours.map(({ time, volume, open }) => ({ time, volume, open })),
      [1, 2, 3].map((hour) => ({
        time: START + hour * 60 * MINUTE,
        volume: 40,
        open: madeCandle(START + hour * 60 * MINUTE).open,
      })),
    )
    await t.rejects(offline.find(of('1h'), { from: START, to: START + DAY + 1 }), { name: 'CandlesMissing' })
    await t.rejects(offline.find(of('7m'), range), { name: 'CandlesMissing' })
  })
})
