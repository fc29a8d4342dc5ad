import t from 'tap'
import { rateBudget } from './rate-budget.ts'

t.test('a burst passes, then requests are refused instead of queued', async (t) => {
  let time = 1_000
  const budget = rateBudget(100, { burstMs: 400, longestWaitMs: 0 }, () => time)
  for (let request = 0; request < 5; request += 1) await budget.take(1)
  await t.rejects(budget.take(1), { name: 'NotSent', message: /used up for 100 ms/ })
  time += 100
  await budget.take(1)
  await t.rejects(budget.take(1), { name: 'NotSent' }, 'a refused request costs nothing, a granted one does')
  time += 10_000
  await budget.take(4)
  await budget.take(1)
  await t.rejects(budget.take(1), { name: 'NotSent' }, 'an idle time saves up one burst and no more')
})
