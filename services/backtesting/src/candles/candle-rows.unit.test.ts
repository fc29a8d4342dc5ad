import fc from 'fast-check'
import t from 'tap'
import { between, CandleColumns } from './candle-rows.ts'

const of = (times: readonly number[]) => {
  const columns = new CandleColumns(10)
  for (const time of times) columns.push(time, [time, 1, 2, 0.5, 1.5, time % 7, 8, 9, 10, 11])
  return columns.done()
}

t.test('rows become columns, however many they are', async (t) => {
  const times = Array.from({ length: 10_000 }, (_, n) => 1_735_689_600 + n * 60)
  const candles = of(times)
  t.equal(candles.length, 10_000)
  t.same([...candles.timestamp], times)
  t.same(
    [...candles.extra.keys()],
    ['quote_asset_volume', 'n_trades', 'taker_buy_base_volume', 'taker_buy_quote_volume'],
  )
  t.same(
    [...candles.volume],
    times.map((time) => time % 7),
  )
})

t.test('a part has the rows from the first to the last second asked for, both included', async (t) => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: 1_735_689_600, max: 1_735_699_600 }), { maxLength: 50 }),
      fc.integer({ min: 1_735_689_500, max: 1_735_699_700 }),
      fc.integer({ min: 0, max: 6_000 }),
      (unsorted, from, span) => {
        const times = unsorted.toSorted((a, b) => a - b)
        const part = between(of(times), from, from + span)
        const wanted = times.filter((time) => time >= from && time <= from + span)
        t.same([...part.timestamp], wanted)
        t.same(
          [...(part.extra.get('n_trades') ?? [])],
          wanted.map(() => 9),
        )
        return part.length === wanted.length
      },
    ),
  )
})
