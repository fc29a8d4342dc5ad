import fc from 'fast-check'
import t from 'tap'
import { resample, resampleSource } from './resample.ts'
import { candlesOf } from './testing/made-venue.ts'
import { realCandles } from './testing/real-candles.ts'

for (const coin of ['BTC', 'ETH']) {
  const fives = realCandles(`${coin}_USDT_5m_2024-01_2024-09.csv.gz`)
  const hours = realCandles(`${coin}_USDT_1h_2024-01_2024-09.csv.gz`)
  t.test(
    `real 5m candles of ${coin} make the real 1h candles`,
    { skip: fives === undefined || hours === undefined ? 'the real data is not at hand' : false },
    async (t) => {
      const made = [...resample('1h', fives ?? [])].slice(0, hours?.length)
      t.equal(made.length, 5_980)
      t.same(made, hours)
    },
  )
}

const days = realCandles('BTC_USDT_1d_2024-01_2024-09.csv.gz')
const hours = realCandles('BTC_USDT_1h_2024-01_2024-09.csv.gz')
t.test(
  'real 1h candles make the real days',
  { skip: days === undefined ? 'the real data is not at hand' : false },
  async (t) => t.same([...resample('1d', hours ?? [])].slice(0, days?.length), days),
)

const trades = fc
  .array(fc.record({ minute: fc.integer({ min: 0, max: 3_000 }), price: fc.integer({ min: 1, max: 100 }) }))
  .map((list) =>
    list
      .toSorted((one, other) => one.minute - other.minute)
      .map(({ minute, price }) => ({ time: minute * 60_000, price, amount: 1 })),
  )

t.test('resampled candles are those of the trades themselves, holes and all', async () => {
  fc.assert(
    fc.property(trades, fc.constantFrom('3m', '5m', '1h', '4h', '1d', '1w', '1M'), (list, interval) => {
      const made = [...resample(interval, candlesOf('1m', list))]
      return JSON.stringify(made) === JSON.stringify(candlesOf(interval, list))
    }),
  )
})

t.test('in two steps as in one', async () => {
  fc.assert(
    fc.property(trades, (list) => {
      const minutes = candlesOf('1m', list)
      return (
        JSON.stringify([...resample('1h', resample('15m', minutes))]) === JSON.stringify([...resample('1h', minutes)])
      )
    }),
  )
})

t.test('only what divides an interval makes it, the highest first', async (t) => {
  const all = ['1m', '3m', '5m', '15m', '1h', '4h', '1d', '1w', '1M']
  t.same(resampleSource('1h', all), ['15m', '5m', '3m', '1m'])
  t.same(resampleSource('4h', all), ['1h', '15m', '5m', '3m', '1m'])
  t.same(resampleSource('5m', all), ['1m'])
  t.same(resampleSource('1w', all), ['1d', '4h', '1h', '15m', '5m', '3m', '1m'])
  t.same(resampleSource('1M', all), ['1d', '4h', '1h', '15m', '5m', '3m', '1m'])
  t.same(resampleSource('1m', all), [])
  t.same(resampleSource('15m', ['10m', '4m']), [])
})
