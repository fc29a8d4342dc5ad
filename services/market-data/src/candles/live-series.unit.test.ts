import { VenueUnavailable } from '@colibri/exchange'
import fc from 'fast-check'
import t from 'tap'
import { VenueTooSlow } from '../venue-calls/deadline.ts'
import type { CandlesUpdate } from './live-candles.ts'
import { LiveSeries } from './live-series.ts'
import { MadeVenue } from './testing/made-venue.ts'

const MINUTE = 60_000
const START = Date.parse('2024-03-01T00:00:00Z')
const at = (minute: number, second = 0): number => START + minute * MINUTE + second * 1_000

const made = (venue: MadeVenue): LiveSeries =>
  new LiveSeries({
    key: { connectorName: 'made', tradingPair: 'A-B', interval: venue.interval },
    venue: venue.rest,
    openFeed: () => venue.openFeed(),
    now: () => venue.now,
    onFailure: () => undefined,
  })

/** A trade every second of the given minutes, and one a minute in the hours before. */
const busy = (venue: MadeVenue, from: number, to: number): void => {
  if (venue.trades.length === 0)
    for (let minute = -600; minute < from; minute++) venue.trades.push({ time: at(minute), price: 100, amount: 1 })
  for (let time = at(from); time < at(to); time += 1_000)
    venue.trades.push({ time, price: 100 + ((time / 1_000) % 13), amount: 1 })
}

t.test('a first small request does not limit a later big one', async (t) => {
  const venue = new MadeVenue('1m', at(2_000, 30))
  for (let minute = 0; minute <= 2_000; minute++) venue.trades.push({ time: at(minute), price: minute + 1, amount: 1 })
  const series = made(venue)
  t.same(await series.read(20, 1_000), venue.truth().slice(-20))
  t.same(await series.read(1_500, 1_000), venue.truth().slice(-1_500))
  t.equal(venue.calls.length, 2)
  t.same(await series.read(400, 1_000), venue.truth().slice(-400))
  t.equal(venue.calls.length, 2, 'what is there is not asked for again')
})

t.test('a bigger request that joins the answer to a smaller one gets its own', async (t) => {
  const venue = new MadeVenue('1m', at(2_000))
  for (let minute = 0; minute <= 2_000; minute++) venue.trades.push({ time: at(minute), price: 1, amount: 1 })
  const series = made(venue)
  const [few, many] = await Promise.all([series.read(20, 1_000), series.read(1_200, 1_000)])
  t.equal(few.length, 20)
  t.equal(many.length, 1_200)
})

t.test('while the stream is complete nobody asks the venue', async (t) => {
  const venue = new MadeVenue('1m', at(10))
  busy(venue, 0, 30)
  const series = made(venue)
  await series.read(10, 1_000)
  const asked = venue.calls.length
  for (let second = 1; second <= 600; second++) {
    venue.now = at(10, second)
    if (second % 60 === 0) venue.sayFinal(at(10 + second / 60 - 1))
    venue.say()
    t.same(await series.read(10, 1_000), venue.truth().slice(-10))
    series.tend()
  }
  t.equal(venue.calls.length, asked)
})

t.test('a candle the stream left out is asked for', async (t) => {
  const venue = new MadeVenue('1m', at(10, 30))
  busy(venue, 0, 30)
  const series = made(venue)
  await series.read(10, 1_000)
  venue.say()
  venue.now = at(13, 5)
  venue.say()
  t.same(await series.read(10, 1_000), venue.truth().slice(-10))
  t.same(venue.calls.at(-1), { limit: 4, since: at(10) }, 'from the first candle that is not final')
})

t.test('a candle whose last trades the stream left out is asked for', async (t) => {
  const venue = new MadeVenue('1m', at(10, 30))
  busy(venue, 0, 30)
  const series = made(venue)
  await series.read(10, 1_000)
  venue.say()
  venue.now = at(11, 2)
  venue.say()
  t.same(await series.read(10, 1_000), venue.truth().slice(-10))
})

t.test('intervals without a trade are asked for once', async (t) => {
  const venue = new MadeVenue('1m', at(10, 30))
  busy(venue, 0, 11)
  busy(venue, 15, 30)
  const series = made(venue)
  await series.read(10, 1_000)
  venue.now = at(15, 5)
  venue.say()
  await series.read(20, 1_000)
  const asked = venue.calls.length
  for (let second = 6; second < 59; second++) {
    venue.now = at(15, second)
    venue.say()
    series.tend()
    t.same(await series.read(20, 1_000), venue.truth().slice(-20))
  }
  t.equal(venue.calls.length, asked)
})

t.test('a pair that nobody trades is asked for now and then only', async (t) => {
  const venue = new MadeVenue('1m', at(10, 30))
  busy(venue, 0, 11)
  const series = made(venue)
  await series.read(10, 1_000)
  venue.say()
  const asked = venue.calls.length
  for (let second = 0; second < 600; second++) {
    venue.now = at(11, second)
    series.tend()
    await new Promise(setImmediate)
  }
  t.ok(venue.calls.length - asked <= 60, `${venue.calls.length - asked} calls in ten minutes`)
  t.same(series.newest(10), venue.truth().slice(-10))
})

t.test('where there is no stream a holder sees what REST says', async (t) => {
  const venue = new MadeVenue('1m', at(10, 30))
  busy(venue, 0, 30)
  const series = new LiveSeries({
    key: { connectorName: 'made', tradingPair: 'A-B', interval: '1m' },
    venue: venue.rest,
    openFeed: () => undefined,
    now: () => venue.now,
    onFailure: () => undefined,
  })
  await series.read(10, 1_000)
  const updates: CandlesUpdate[] = []
  series.onUpdate((update) => updates.push(update))
  venue.now = at(11, 30)
  series.tend()
  await new Promise(setImmediate)
  t.same(series.newest(10), venue.truth().slice(-10))
  t.same(
    updates.map(({ opened, changed }) => ({ opened, times: changed.map(({ time }) => time) })),
    [{ opened: true, times: [at(10), at(11)] }],
  )
})

t.test('a dead venue is asked once in two seconds, and nothing old is served', async (t) => {
  const venue = new MadeVenue('1m', at(10, 30))
  busy(venue, 0, 30)
  const series = made(venue)
  await series.read(10, 1_000)
  venue.failure = new VenueUnavailable('made: gone')
  venue.now = at(20)
  for (let n = 0; n < 5; n++) await t.rejects(series.read(10, 1_000), { name: 'VenueUnavailable' })
  t.equal(venue.calls.length, 2)
  venue.failure = undefined
  venue.now = at(20, 3)
  t.same(await series.read(10, 1_000), venue.truth().slice(-10))
})

t.test('a silent venue costs a caller its patience and no more', async (t) => {
  const venue = new MadeVenue('1m', at(10))
  const series = new LiveSeries({
    key: { connectorName: 'made', tradingPair: 'A-B', interval: '1m' },
    venue: { candles: () => new Promise(() => undefined) },
    openFeed: () => undefined,
    now: () => venue.now,
    onFailure: () => undefined,
  })
  await t.rejects(series.read(10, 20), VenueTooSlow)
})

t.test('whatever the stream leaves out, in the end every candle is right', async () => {
  const trade = fc.record({
    second: fc.integer({ min: 0, max: 1_200 }),
    price: fc.integer({ min: 90, max: 110 }),
    amount: fc.integer({ min: 1, max: 5 }),
    /** What becomes of the word on it: heard, lost, or heard late together with the final word on its candle. */
    word: fc.constantFrom('heard', 'lost', 'final' as const),
    read: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(trade, { minLength: 1, maxLength: 120 }), async (trades) => {
      const venue = new MadeVenue('1m', at(5))
      busy(venue, 0, 3)
      const series = made(venue)
      await series.read(30, 1_000)
      for (const { second, price, amount, word, read } of trades.toSorted((one, other) => one.second - other.second)) {
        venue.now = Math.max(venue.now, at(6, second))
        venue.trades.push({ time: venue.now, price, amount })
        const before = venue.truth().at(-2)
        if (word === 'final' && before !== undefined) venue.sayFinal(before.time)
        if (word !== 'lost') venue.say()
        if (read) await series.read(30, 1_000)
        else series.tend()
        await new Promise(setImmediate)
      }
      venue.now += 3 * MINUTE
      return JSON.stringify(await series.read(30, 1_000)) === JSON.stringify(venue.truth().slice(-30))
    }),
    { numRuns: 300 },
  )
})
