import fc from 'fast-check'
import t from 'tap'
import { sortAnswer } from './final-candles.ts'
import { madeCandle } from './testing/made-candles.ts'

const MINUTE = 60_000
const at = (minute: number): number => minute * MINUTE
const candles = (...minutes: readonly number[]) => minutes.map((minute) => madeCandle(at(minute)))
const range = { from: at(100), to: at(105) }
const times = (rows: readonly { time: number }[]) => rows.map(({ time }) => time / MINUTE)

t.test('long past candles are final, and so is that there are none', async (t) => {
  const { final, known, open } = sortAnswer('1m', range, candles(100, 101, 104), 6, at(1_000))
  t.same(times(final), [100, 101, 104])
  t.same(known, range)
  t.same(open, [])
})

t.test('a later candle proves the ones before it final', async (t) => {
  const { final, known, open } = sortAnswer('1m', range, candles(100, 101, 102), 6, at(102) + 5_000)
  t.same(times(final), [100, 101])
  t.same(known, { from: at(100), to: at(102) })
  t.same(times(open), [102])
})

t.test('the newest candle is final a minute after its end', async (t) => {
  const soon = sortAnswer('1m', range, candles(100), 6, at(101) + 59_000)
  t.same(times(soon.open), [100])
  t.equal(soon.known, undefined)
  const late = sortAnswer('1m', range, candles(100), 6, at(102))
  t.same(times(late.final), [100])
  t.same(late.known, { from: at(100), to: at(101) })
})

t.test('that a venue is silent is not believed at once', async (t) => {
  const { final, known, open } = sortAnswer('1m', range, candles(100, 101), 6, at(103) + 30_000)
  t.same(times(final), [100, 101])
  t.same(known, { from: at(100), to: at(102) }, 'minute 102 ended half a minute ago: perhaps the venue is late')
  t.same(open, [])
})

t.test('a venue that begins later says that there is nothing before', async (t) => {
  t.same(sortAnswer('1m', range, candles(777, 778), 6, at(1_000)), {
    final: [],
    known: { from: at(100), to: at(777) },
    open: [],
  })
})

t.test('an answer as long as it may be says nothing of what comes behind it', async (t) => {
  const { known } = sortAnswer('1m', range, candles(100, 101, 102), 3, at(1_000))
  t.same(known, { from: at(100), to: at(102) })
})

t.test('a row that is no candle is never stored', async (t) => {
  const broken = { ...madeCandle(at(101)), high: Number.NaN }
  const { final } = sortAnswer('1m', range, [...candles(100), broken, ...candles(102)], 6, at(1_000))
  t.same(times(final), [100, 102])
})

t.test('whatever is called final never changes, and whatever is called known is complete', async () => {
  const venue = fc.record({
    traded: fc.uniqueArray(fc.integer({ min: 95, max: 115 })),
    /** How late the venue shows a candle. */
    delay: fc.integer({ min: 0, max: 55_000 }),
    now: fc.integer({ min: at(96), max: at(125) }),
  })
  fc.assert(
    fc.property(venue, ({ traded, delay, now }) => {
      const minutes = traded.toSorted((left, right) => left - right)
      const grown = (minute: number, time: number) =>
        madeCandle(at(minute), Math.min(60, Math.floor((time - at(minute)) / 1_000) + 1))
      const seenAt = now - delay
      const answer = minutes
        .filter((minute) => at(minute) <= seenAt && at(minute) >= range.from)
        .slice(0, 6)
        .map((minute) => grown(minute, seenAt))
      const { final, known } = sortAnswer('1m', range, answer, 6, now)
      const truth = minutes
        .filter(
          (minute) => known !== undefined && at(minute) >= known.from && at(minute) < Math.min(known.to, range.to),
        )
        .map((minute) => grown(minute, at(minute) + MINUTE - 1))
      const stored = final.filter(({ time }) => known !== undefined && time < known.to)
      return JSON.stringify(stored) === JSON.stringify(truth)
    }),
    { numRuns: 2_000 },
  )
})
