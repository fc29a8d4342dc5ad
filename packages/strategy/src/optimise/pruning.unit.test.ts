import t from 'tap'
import { CHECKPOINTS, floorsOf, watchOver } from './pruning.ts'

const rule = { after: 0.3, trials: 3 }
const level = (value: number, length: number = CHECKPOINTS.length) => Array.from({ length }, () => value)

t.test('floors are the medians of those that came so far, from where enough did', async (t) => {
  const floors = floorsOf([level(1), level(5), level(9), level(100, 4)], rule)
  t.same(floors, [-Infinity, -Infinity, 7, 7, 5, 5, 5, 5, 5])
  t.same(floorsOf([level(1), level(5)], rule), level(-Infinity), 'two are not three')
})

t.test('a trial below its floor ends there, and its curve says how far it came', async (t) => {
  const floors = floorsOf([level(1), level(5), level(9)], rule)
  const bad = watchOver(floors)
  t.ok(bad.goesOn(20, 100, -50), 'before the first floor anything goes')
  t.ok(bad.goesOn(29, 100, -50), 'between two checkpoints nobody looks')
  t.notOk(bad.goesOn(30, 100, 4))
  t.same(bad.curve, [-50, -50, 4])

  const good = watchOver(floors)
  for (let done = 0; done <= 100; done += 1) t.ok(good.goesOn(done, 100, 5))
  t.same(good.curve, level(5))
})

t.test('one report may pass several checkpoints', async (t) => {
  const watch = watchOver(level(-Infinity))
  t.ok(watch.goesOn(95, 100, 3))
  t.same(watch.curve, level(3))
})

t.test('a trial that has come to its end is not ended early', async (t) => {
  const watch = watchOver(level(5))
  t.ok(watch.goesOn(100, 100, 4))
  t.same(watch.curve, level(4))
})
