import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { runBacktest } from '../../backtest/run-backtest.ts'
import type { Candles } from '../../candles.ts'
import { candlesOf } from '../../testing/series.ts'
import { MARKET } from '../../testing/world.ts'
import { smaCross } from './sma-cross.ts'

const file = fileURLToPath(
  new URL('../../../../../../shared/data/candles/BTC_USDT_5m_2024-01_2024-09.csv.gz', import.meta.url),
)
const skip = existsSync(file) ? false : 'the real candles are not on this machine'
const COST = 0.001

const config = (settings: Readonly<Record<string, unknown>> = {}) =>
  smaCross.schema.parse({ id: 'cross', ...MARKET, interval: '5m', total_amount_quote: 1000, ...settings })

const run = (candles: Candles, mode: 'hummingbot' | 'realistic' = 'hummingbot') =>
  runBacktest({
    controller: smaCross,
    config: config(),
    market: MARKET,
    candles,
    feed: () => candles,
    rules: undefined,
    tradeCost: COST,
    mode,
  })

/** The same rule as plainly as it can be written: each mean from its closes, each trade from its two prices. */
const plainTrades = (close: Float64Array): readonly { readonly entry: number; readonly exit: number }[] => {
  const mean = (row: number, length: number): number => {
    let sum = 0
    for (let at = row - length + 1; at <= row; at++) sum += close[at] ?? Number.NaN
    return sum / length
  }
  const trades: { entry: number; exit: number }[] = []
  let entry: number | undefined
  let before = Number.NaN
  for (let row = 25; row < close.length; row++) {
    const now = mean(row, 12) - mean(row, 26)
    const price = close[row] ?? Number.NaN
    if (entry === undefined && now > 0 && before <= 0) entry = price
    else if (entry !== undefined && now < 0 && before >= 0) {
      trades.push({ entry, exit: price })
      entry = undefined
    }
    before = now
  }
  return trades
}

t.test('the 12/26 cross on real candles: 1,630 round trips, as three other engines have them', { skip }, async (t) => {
  const lines = gunzipSync(readFileSync(file)).toString().trim().split('\n').slice(1)
  const candles = candlesOf(lines.map((line) => line.split(',').map(Number)))
  t.equal(candles.length, 71_769)
  const trades = plainTrades(candles.close)
  t.equal(trades.length, 1630)

  const { executors, results } = run(candles)
  t.equal(executors.length, 1630)
  t.same(results.close_types, { EARLY_STOP: 1630 })
  t.equal(results.total_long, 1630)
  const expected = trades.reduce((sum, { entry, exit }) => sum + 1000 * (exit / entry - 1 - 2 * COST), 0)
  t.ok(Math.abs(results.net_pnl_quote - expected) < 1e-6, 'and what they brought is what their prices say')
  t.equal(run(candles, 'realistic').results.total_executors_with_position, 1630)
})

t.test('it buys on a cross upwards, sells on one downwards, and does nothing in between', async (t) => {
  const closes = [...Array(30).fill(100), ...Array(5).fill(110), ...Array(20).fill(90), ...Array(5).fill(120)]
  const candles = candlesOf(closes.map((close, row) => [row * 300, close, close, close, close, 1]))
  const { executors } = run(candles)
  t.match(executors, [
    { timestamp: 30 * 300, averagePrice: 110, side: 'BUY', closeType: 'EARLY_STOP' },
    { closeType: 'TIME_LIMIT', closeTimestamp: 59 * 300 },
  ])
})

t.test('a fast average must be the faster one', async (t) => {
  t.match(smaCross.schema.safeParse({ id: 'cross', fast: 30, slow: 26 }).error?.issues, [{ path: ['fast'] }])
})
