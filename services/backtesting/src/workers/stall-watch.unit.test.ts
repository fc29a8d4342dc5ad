import { mock } from 'node:test'
import t from 'tap'
import { stallWatch } from './stall-watch.ts'

t.test('who is heard of now and then has not stalled; who is not has, once', async (t) => {
  const { timers } = mock
  timers.enable({ apis: ['setInterval'] })
  t.teardown(() => timers.reset())
  let stalls = 0
  const watch = stallWatch(() => {
    stalls += 1
  })
  timers.tick(5_000)
  t.equal(stalls, 0, 'nothing is to be heard yet')
  for (let n = 0; n < 20; n += 1) {
    watch.heard(1_000)
    timers.tick(900)
  }
  t.equal(stalls, 0)
  timers.tick(100)
  t.equal(stalls, 1)
  timers.tick(5_000)
  t.equal(stalls, 1)

  const ended = stallWatch(() => {
    stalls += 1
  })
  ended.heard(5_000)
  timers.tick(4_500)
  ended.heard(1_000)
  timers.tick(900)
  t.equal(stalls, 1, 'each word says how long it is good for')
  ended.over()
  timers.tick(5_000)
  t.equal(stalls, 1, 'after its last word it may be silent')
})
