import { testPostgres } from '@colibri/testkit'
import fc from 'fast-check'
import pg from 'pg'
import t from 'tap'
import type { TimeRange } from './candle-range.ts'
import { createCandleTables, createPartitions, inTransaction } from './candle-tables.ts'
import { addCoverage, type SeriesKey, StoredCandles } from './stored-candles.ts'
import { madeCandle } from './testing/made-candles.ts'

t.test('candles in Postgres', async (t) => {
  const { url } = await testPostgres(t)
  const pool = new pg.Pool({ connectionString: url })
  // Postgres may end before the pool does.
  pool.on('error', () => undefined)
  t.teardown(() => pool.end())
  // As replicas do that start at the same moment.
  await Promise.all(Array.from({ length: 4 }, () => createCandleTables(pool)))
  const stored = new StoredCandles(pool)
  let series = 0
  const fresh = (): SeriesKey => ({ connectorName: 'simulator', tradingPair: `T${++series}-USDT`, interval: '1m' })
  const save = (id: number, rows: readonly number[], known: TimeRange) =>
    inTransaction(pool, (client) =>
      stored.save(
        client,
        id,
        rows.map((time) => madeCandle(time)),
        known,
      ),
    )

  await t.test('what is missing is what nobody said anything about', async () => {
    const range = fc
      .tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 1, max: 15 }))
      .map(([from, length]) => ({ from, to: from + length }))
    await fc.assert(
      fc.asyncProperty(fc.array(range, { maxLength: 8 }), range, async (known, asked) => {
        const id = await stored.open(fresh())
        const model = new Set<number>()
        for (const { from, to } of known) {
          await inTransaction(pool, (client) => addCoverage(client, id, { from, to }))
          for (let time = from; time < to; time++) model.add(time)
        }
        const times = (ranges: readonly TimeRange[]) =>
          ranges.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, index) => from + index))
        const isTight = (ranges: readonly TimeRange[]) =>
          ranges.every(({ from, to }, index) => from < to && from > (ranges[index - 1]?.to ?? -1))
        const missing = await stored.missing(id, asked)
        const coverage = await stored.coverage(id)
        const expected = times([asked]).filter((time) => !model.has(time))
        return (
          times(missing).join() === expected.join() &&
          times(coverage).join() === [...model].sort((one, other) => one - other).join() &&
          isTight(missing) &&
          isTight(coverage)
        )
      }),
      { numRuns: 60 },
    )
  })

  await t.test('ranges that are added at the same time are all kept', async (t) => {
    const id = await stored.open(fresh())
    await Promise.all(
      Array.from({ length: 12 }, (_, n) =>
        inTransaction(pool, (client) => addCoverage(client, id, { from: n * 10, to: n * 10 + 10 })),
      ),
    )
    t.same(await stored.coverage(id), [{ from: 0, to: 120 }])
  })

  await t.test('rows of several years, made by several replicas at once', async (t) => {
    const years = [2019, 2020, 2021, 2022].map((year) => Date.UTC(year, 5, 1))
    const last = years.at(-1) ?? 0
    await Promise.all(Array.from({ length: 4 }, () => createPartitions(pool, years[0] ?? 0, last)))
    const id = await stored.open(fresh())
    await save(id, years, { from: years[0] ?? 0, to: last + 60_000 })
    const { rows } = await pool.query('select tableoid::regclass::text as part from market_data.candles order by time')
    t.same(
      rows.map(({ part }) => part),
      [2019, 2020, 2021, 2022].map((year) => `market_data.candles_${year}`),
    )
    t.same(
      await stored.rows(id, { from: 0, to: last + 1 }),
      years.map((time) => madeCandle(time)),
    )
    const pages: number[] = []
    for await (const page of stored.pages(id, '1d', { from: years[1] ?? 0, to: last }))
      pages.push(...page.map(({ time }) => time))
    t.same(pages, years.slice(1, 3), 'the end of a range is not part of it')
  })

  await t.test('pages hold every row once', async (t) => {
    const id = await stored.open(fresh())
    const start = Date.UTC(2023, 0, 1)
    const times = Array.from({ length: 10_001 }, (_, index) => start + index * 60_000)
    await save(id, times, { from: start, to: start + 10_001 * 60_000 })
    const found: number[] = []
    let pages = 0
    for await (const page of stored.pages(id, '1m', { from: start, to: Date.UTC(2024, 0, 1) })) {
      found.push(...page.map(({ time }) => time))
      pages++
    }
    t.same(found, times)
    t.equal(pages, 2)
  })

  await t.test('a series is made once, whoever asks', async (t) => {
    const key = fresh()
    const ids = await Promise.all(Array.from({ length: 8 }, () => stored.open(key)))
    t.equal(new Set(ids).size, 1)
    t.same(await stored.intervals(key.connectorName, key.tradingPair), [], 'nothing is known of it yet')
  })
})
