import t from 'tap'
import { rateLimitOf } from './rate-limit.ts'

t.test('a window is the venue’s own, or a second’s worth', async (t) => {
  const limit = (id: string, rateLimit: number, rollingWindowSize?: number) =>
    rateLimitOf({ id, rateLimit, ...(rollingWindowSize === undefined ? {} : { rollingWindowSize }) })
  t.same(limit('binance', 50, 60_000), { intervalMs: 50, windowMs: 60_000 })
  t.same(limit('kucoin', 7.5, 30_000), { intervalMs: 7.5, windowMs: 30_000 })
  t.same(limit('coinbase', 34, 60_000), { intervalMs: 34, windowMs: 1_000 }, 'a default of ccxt allows no bursts')
  t.same(limit('okx', 110, 0), { intervalMs: 110, windowMs: 1_000 })
  t.same(limit('btcmarkets', 1_000, 60_000), { intervalMs: 1_000, windowMs: 4_000 })
  t.same(limit('other', 100), { intervalMs: 100, windowMs: 1_000 })
})
