import t from 'tap'
import { retryDelay } from './back-off.ts'

t.test('doubles to five minutes, and half of it is left to chance', (t) => {
  const of = (random: number) => [1, 2, 3, 9, 10, 1_000_000].map((failures) => retryDelay(failures, () => random))
  t.same(of(0), [500, 1_000, 2_000, 128_000, 150_000, 150_000])
  t.same(of(1), [1_000, 2_000, 4_000, 256_000, 300_000, 300_000])
  t.end()
})
