import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import t from 'tap'
import { runBacktest } from '../../backtest/run-backtest.ts'
import { candlesOf } from '../../testing/series.ts'
import { breakout } from './breakout.ts'

const read = (path: string): string => readFileSync(new URL(`../../../../../${path}`, import.meta.url), 'utf8')

t.test('the example of the documentation is this controller, word for word', async (t) => {
  const [, shown] = /```ts\n([\s\S]*?)```/.exec(read('docs/controllers.md')) ?? []
  t.equal(shown, read('packages/strategy/src/controllers/examples/breakout.ts'))
  t.ok(stripTypeScriptTypes(shown ?? '', { mode: 'strip' }), 'and is what a worker can load')
})

t.test('it buys above the highest price of a while, one at a time, and leaves by its barriers', async (t) => {
  const config = breakout.schema.parse({ id: '', length: 3, total_amount_quote: 102 })
  const closes = [100, 101, 100, 102, 103, 104, 107, 105, 108, 106, 100, 100]
  const candles = candlesOf(closes.map((close, row) => [row * 300, close, close + 0.5, close - 0.5, close, 1]))
  const { executors, processed } = runBacktest({
    controller: breakout,
    config,
    market: { connector_name: config.connector_name, trading_pair: config.trading_pair },
    candles,
    feed: () => candles,
    rules: undefined,
    tradeCost: 0.0005,
    mode: 'realistic',
  })
  t.equal(processed.timestamp.length, closes.length - 3, 'the first rows have no highest price before them')
  // Each is entered at the opening of the next candle: at 103, 105 and 106.
  t.strictSame(
    executors.map(({ timestamp, closeTimestamp, closeType }) => [timestamp, closeTimestamp, closeType]),
    [
      [900, 1800, 'TAKE_PROFIT'],
      [1800, 2400, 'TAKE_PROFIT'],
      [2400, 3000, 'STOP_LOSS'],
    ],
  )
  t.strictSame(breakout.schema.safeParse({ id: '', length: 0 }).error?.issues[0]?.path, ['length'])
})
