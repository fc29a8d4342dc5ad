import t from 'tap'
import { inParallel } from './in-parallel.ts'

t.test('results in order, never more at work than allowed', async (t) => {
  let working = 0
  let most = 0
  const results = await inParallel([5, 1, 4, 2, 3], 2, async (ticks) => {
    working++
    most = Math.max(most, working)
    for (let tick = 0; tick < ticks; tick++) await new Promise(setImmediate)
    working--
    return ticks * 10
  })
  t.same(results, [50, 10, 40, 20, 30])
  t.equal(most, 2)
})

t.test('after a failure nothing is begun, and what runs is waited for', async (t) => {
  const begun: number[] = []
  const ended: number[] = []
  await t.rejects(
    inParallel([1, 2, 3, 4], 2, async (item) => {
      begun.push(item)
      await new Promise(setImmediate)
      if (item === 1) throw new Error('one failed')
      await new Promise(setImmediate)
      ended.push(item)
    }),
    { message: 'one failed' },
  )
  t.same(begun, [1, 2])
  t.same(ended, [2])
})
