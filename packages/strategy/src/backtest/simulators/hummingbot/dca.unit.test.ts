import t from 'tap'
import type { DcaExecutorConfig } from '../../../executors/executor-config.ts'
import { exactOf } from '../../../numbers/exact.ts'
import { aDca } from '../../../testing/executors.ts'
import { candlesOf } from '../../../testing/series.ts'
import { marketOf, stepped } from '../../../testing/stepped.ts'
import { UnsupportedExecutor } from '../simulation.ts'
import { HummingbotDca } from './dca.ts'

const dca = (given: Partial<DcaExecutorConfig>): DcaExecutorConfig =>
  aDca({ prices: [exactOf('100')], stop_loss: 0.5, ...given })

/** How it ends, and on which row, on candles that are nothing but these closes. */
const endOf = (config: DcaExecutorConfig, closes: readonly number[]) => {
  const candles = candlesOf(closes.map((close, row) => [60 * row, close, close, close, close, 1]))
  const simulation = new HummingbotDca('d', config, marketOf(candles, 0.001), 0)
  stepped(simulation, 0)
  return [simulation.closeType, (simulation.closeTimestamp ?? Number.NaN) / 60]
}

t.test('a close that is just at a barrier reaches it, as in decimals', async (t) => {
  // As doubles 100 * (1 + 0.1) is above 110.
  t.same(endOf(dca({ take_profit: 0.1 }), [100, 110, 100]), ['TAKE_PROFIT', 1])
  t.same(endOf(dca({ side: 'SELL', stop_loss: 0.1 }), [100, 109.99, 110, 100]), ['STOP_LOSS', 2])
  t.same(endOf(dca({ side: 'SELL', take_profit: 0.1 }), [100, 90.01, 90, 100]), ['TAKE_PROFIT', 2])
  t.same(endOf(dca({ stop_loss: 0.1 }), [100, 90.01, 90, 100]), ['STOP_LOSS', 2])
  const trailing_stop = { activation_price: 0.1, trailing_delta: 0.01 }
  t.same(endOf(dca({ trailing_stop }), [100, 110, 108, 108]), ['TRAILING_STOP', 2])
  const two = { prices: [exactOf('110'), exactOf('90')], amounts_quote: [100, 100], take_profit: 0.1 }
  t.same(endOf(dca(two), [110, 90, 109.99, 110, 90]), ['TAKE_PROFIT', 3], 'from the average of both')
})

t.test('amounts are decimals as well', async (t) => {
  // 99 and 103 weighted 3 to 1 are 100; with the doubles 0.3 and 0.1 they are more.
  const prices = [exactOf('103'), exactOf('99')]
  const end = endOf(dca({ prices, amounts_quote: [0.1, 0.3], take_profit: 0.01 }), [103, 99, 100.9, 101, 102])
  t.same(end, ['TAKE_PROFIT', 3])
})

t.test('a barrier of nothing is none', async (t) => {
  t.same(endOf(dca({ take_profit: 0 }), [100, 150, 100]), ['TIME_LIMIT', 2])
  t.same(endOf(dca({ time_limit: 0 }), [100, 101, 102, 103]), ['TIME_LIMIT', 3])
  t.throws(() => endOf(dca({ stop_loss: 0 }), [100, 100]), UnsupportedExecutor)
  t.same(endOf(dca({ stop_loss: 0 }), [101, 101]), ['TIME_LIMIT', 1], 'its last level is never entered')
})

t.test('on a single row it ends where it begins', async (t) => {
  t.same(endOf(dca({}), [100]), ['TIME_LIMIT', 0])
  t.same(endOf(dca({}), [101]), ['TIME_LIMIT', 0])
  t.same(endOf(dca({ take_profit: 0.1 }), [100]), ['TIME_LIMIT', 0])
})
