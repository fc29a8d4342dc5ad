import { mock } from 'node:test'
import t from 'tap'
import { type Ran, stallWatch } from './stall-watch.ts'

const unseen = (): undefined => undefined

t.test('who is heard of now and then has not stalled; who is not has, once', async (t) => {
  const { timers } = mock
  timers.enable({ apis: ['setInterval'] })
  t.teardown(() => timers.reset())
  let stalls = 0
  const watch = stallWatch(() => {
    stalls += 1
  }, unseen)
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
  }, unseen)
  ended.heard(5_000)
  timers.tick(4_500)
  ended.heard(1_000)
  timers.tick(900)
  t.equal(stalls, 1, 'each word says how long it is good for')
  ended.over()
  timers.tick(5_000)
  t.equal(stalls, 1, 'after its last word it may be silent')
})

t.test('who waits for a processor has not stalled until it had one for so long', async (t) => {
  const { timers } = mock
  timers.enable({ apis: ['setInterval'] })
  t.teardown(() => timers.reset())
  let stalls = 0
  let ran: Ran = { ms: 70, wantsMore: true }
  const watch = stallWatch(
    () => {
      stalls += 1
    },
    () => ran,
  )
  const pass = (ticks: number, share: number, wantsMore: boolean): void => {
    for (let n = 0; n < ticks; n += 1) {
      ran = { ms: ran.ms + share * 100, wantsMore }
      timers.tick(100)
    }
  }
  watch.heard(1_000)
  pass(90, 0.1, true)
  t.equal(stalls, 0, 'a tenth of a processor for nine times as long')
  pass(11, 0.1, true)
  t.equal(stalls, 1)

  watch.heard(1_000)
  pass(9, 1, true)
  t.equal(stalls, 1)
  pass(1, 1, true)
  t.equal(stalls, 2, 'a whole one')

  watch.heard(1_000)
  pass(9, 0, false)
  t.equal(stalls, 2)
  pass(1, 0, false)
  t.equal(stalls, 3, 'who wants none sleeps')
})
