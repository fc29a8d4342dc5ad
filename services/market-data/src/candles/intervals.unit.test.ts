import fc from 'fast-check'
import t from 'tap'
import { countIn, durationOf, endTimeOf, isInterval, openTimeOf } from './intervals.ts'

const at = (text: string): number => Date.parse(text)
const INTERVALS = ['1s', '10s', '1m', '3m', '5m', '15m', '30m', '1h', '2h', '3h', '4h', '6h', '8h', '12h', '1d', '3d']
const CALENDAR = ['1w', '7d', '30d', '1M', '3M']

t.test('candles open where clocks and calendars say', async (t) => {
  const time = at('2024-08-14T13:47:29.500Z')
  const opens: Readonly<Record<string, string>> = {
    '1s': '2024-08-14T13:47:29Z',
    '5m': '2024-08-14T13:45:00Z',
    '1h': '2024-08-14T13:00:00Z',
    '4h': '2024-08-14T12:00:00Z',
    '1d': '2024-08-14T00:00:00Z',
    '1w': '2024-08-12T00:00:00Z',
    '30d': '2024-08-01T00:00:00Z',
    '1M': '2024-08-01T00:00:00Z',
    '3M': '2024-07-01T00:00:00Z',
  }
  for (const [interval, open] of Object.entries(opens)) t.equal(openTimeOf(interval, time), at(open), interval)
  t.equal(endTimeOf('1M', at('2024-02-01')), at('2024-03-01'))
  t.equal(endTimeOf('3M', at('2023-10-01')), at('2024-01-01'))
})

t.test('every time lies in one candle, and candles follow each other', async () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...INTERVALS, ...CALENDAR),
      fc.integer({ min: 0, max: at('2100-01-01') }),
      (interval, time) => {
        const open = openTimeOf(interval, time)
        const end = endTimeOf(interval, open)
        return (
          open <= time &&
          time < end &&
          end - open <= durationOf(interval) &&
          openTimeOf(interval, open) === open &&
          openTimeOf(interval, end - 1) === open &&
          openTimeOf(interval, end) === end
        )
      },
    ),
  )
})

t.test('never more candles open than are counted', async () => {
  fc.assert(
    fc.property(
      fc.constantFrom('1m', '1w', '1M', '3M'),
      fc.integer({ min: 0, max: at('2100-01-01') }),
      fc.integer({ min: 1, max: 60 }),
      (interval, time, candles) => {
        const from = openTimeOf(interval, time)
        let to = from
        for (let n = 0; n < candles; n++) to = endTimeOf(interval, to)
        return countIn(interval, to - from) >= candles
      },
    ),
  )
})

t.test('what is no interval is refused', async (t) => {
  for (const text of ['', '5', 'm', '0m', '5min', '1y', '-1m', '5 m', '1.5h', '10000m']) {
    t.notOk(isInterval(text), text)
    t.throws(() => durationOf(text), { name: 'RangeError' })
  }
  t.ok([...INTERVALS, ...CALENDAR].every(isInterval))
})
