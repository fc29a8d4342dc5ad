import fc from 'fast-check'
import t from 'tap'
import { type CandlePage, readCandles } from './candle-pages.ts'
import type { Candle } from './venue.ts'

const candle = (time: number): Candle => ({
  time,
  open: 1,
  high: 1,
  low: 1,
  close: 1,
  volume: 0,
  quoteVolume: 0,
  trades: 0,
  takerBuyBaseVolume: 0,
  takerBuyQuoteVolume: 0,
})

/** A venue with candles 0 … count-1, a minute each, that cuts a request at `most` rows. */
const venue = (count: number, most: number): CandlePage => {
  const all = Array.from({ length: count }, (_, index) => candle(index * 60_000))
  return async (since, limit) => {
    const rows = Math.min(limit, most)
    return since === undefined ? all.slice(-rows) : all.filter((one) => one.time >= since).slice(0, rows)
  }
}

t.test('paging gives what one large request would give', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 60 }),
      fc.integer({ min: 1, max: 80 }),
      fc.integer({ min: 1, max: 20 }),
      fc.option(fc.integer({ min: 0, max: 60 }), { nil: undefined }),
      async (count, limit, pageSize, start) => {
        const since = start === undefined ? undefined : start * 60_000
        const wanted = { limit, pageSize, durationMs: 60_000, ...(since === undefined ? {} : { since }) }
        const paged = await readCandles(venue(count, pageSize), wanted)
        const whole = await venue(count, 1_000)(since, limit)
        t.same(
          paged.map((one) => one.time),
          whole.map((one) => one.time),
        )
      },
    ),
  )
})
