import fc from 'fast-check'
import t from 'tap'
import { findInstrument, type Instrument } from '../engine/instruments.ts'
import { Klines } from './klines.ts'
import { Tape } from './tape.ts'

const btc = findInstrument('spot', 'BTCUSDT') as Instrument
const now = Date.UTC(2026, 10, 20, 12, 34, 56, 789)
const minute = 60_000

t.test('a minute of trades is exactly the recorded candle', async (t) => {
  const tape = new Tape(btc, 7)
  for (let m = 0; m < tape.period; m++) {
    const recorded = tape.recorded(m)
    const trades = [...tape.trades(Date.UTC(2024, 0, 1) + m * minute, Date.UTC(2024, 0, 1) + (m + 1) * minute)]
    const actual = tape.recorded(Date.UTC(2024, 0, 1) / minute + m)
    const prices = trades.map(({ price }) => price)
    const found = {
      open: prices[0],
      high: Math.max(...prices),
      low: Math.min(...prices),
      close: prices.at(-1),
      lots: trades.reduce((sum, { lots }) => sum + lots, 0),
    }
    if (JSON.stringify(found) !== JSON.stringify(actual)) t.same(found, actual, `minute ${m}`)
    if (!recorded || trades.some((trade, i) => i > 0 && trade.id <= (trades[i - 1]?.id ?? 0)))
      t.fail(`ids do not grow in minute ${m}`)
  }
})

t.test('every interval agrees with the minutes in it, and with the trades', async () => {
  const klines = new Klines(new Tape(btc, 7))
  const lengths = { '3m': 3, '15m': 15, '1h': 60, '4h': 240, '1d': 1440 } as const
  fc.assert(
    fc.property(
      fc.constantFrom(...(Object.keys(lengths) as (keyof typeof lengths)[])),
      fc.integer({ min: 0, max: 300 }),
      (interval, back) => {
        const length = lengths[interval] * minute
        const open = Math.floor(now / length) * length - back * length
        const whole = klines.one(open, open + length, now)
        const parts = klines.list({
          interval: '1m',
          startTime: open,
          endTime: Math.min(now, open + length - 1),
          limit: 2000,
          now,
        })
        return (
          whole.open === parts[0]?.open &&
          whole.close === parts.at(-1)?.close &&
          whole.high === Math.max(...parts.map(({ high }) => high)) &&
          whole.low === Math.min(...parts.map(({ low }) => low)) &&
          whole.volume === parts.reduce((sum, { volume }) => sum + volume, 0n) &&
          whole.amount === parts.reduce((sum, { amount }) => sum + amount, 0n) &&
          whole.takerBuyVolume === parts.reduce((sum, { takerBuyVolume }) => sum + takerBuyVolume, 0n)
        )
      },
    ),
    { numRuns: 200 },
  )
})

t.test('a past kline stays as it was, whatever the price is made to do later', async (t) => {
  const tape = new Tape(btc, 7)
  const klines = new Klines(tape)
  const past = () => klines.list({ interval: '5m', endTime: now - 5 * minute, limit: 50, now: now + 10 * minute })
  const before = past()
  tape.addControl({ from: now + 1, kind: 'pin', price: 1_000_000 })
  tape.addPrint({ id: tape.nextPrintId(now), time: now, price: 1_000_000, lots: 5, buyerIsMaker: true })
  t.same(past(), before)
  t.equal(tape.last(now).price, 1_000_000)
  t.ok([...tape.trades(now, now + 5 * minute)].every(({ price }) => price === 1_000_000))
  t.same(
    new Klines(new Tape(btc, 7)).list({ interval: '5m', endTime: now - 5 * minute, limit: 50, now }),
    before,
    'another tape of the seed',
  )
})
