import t from 'tap'
import { createLockout, FORGET_AFTER_MS, FREE_FAILURES, LONGEST_WAIT_MS, MOST_ADDRESSES } from './lockout.ts'

const fail = (lockout: ReturnType<typeof createLockout>, address: string, times: number, now = 0): void => {
  for (let n = 0; n < times; n += 1) lockout.failed(address, now)
}

t.test('the wait doubles after the free failures, up to the longest', async (t) => {
  const lockout = createLockout()
  fail(lockout, '1.1.1.1', FREE_FAILURES - 1)
  t.equal(lockout.wait('1.1.1.1', 0), 0)
  const waits = []
  for (let n = 0; n < 12; n += 1) {
    lockout.failed('1.1.1.1', 0)
    waits.push(lockout.wait('1.1.1.1', 0) / 1000)
  }
  t.same(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300])
  t.equal(lockout.wait('1.1.1.1', LONGEST_WAIT_MS), 0)
  t.equal(lockout.wait('1.1.1.2', 0), 0)
})

t.test('a success or a long silence starts anew', async (t) => {
  const lockout = createLockout()
  fail(lockout, 'a', FREE_FAILURES + 5)
  lockout.succeeded('a')
  t.equal(lockout.wait('a', 0), 0)
  fail(lockout, 'a', FREE_FAILURES - 1)
  lockout.failed('a', FORGET_AFTER_MS + 1)
  t.equal(lockout.wait('a', FORGET_AFTER_MS + 1), 0)
})

t.test('what one client owns counts as one address', async (t) => {
  const lockout = createLockout()
  fail(lockout, '::ffff:9.9.9.9', FREE_FAILURES)
  t.equal(lockout.wait('9.9.9.9', 0), 1000)
  fail(lockout, '2001:db8:1:2::1', FREE_FAILURES)
  t.equal(lockout.wait('2001:db8:1:2:ffff::9', 0), 1000)
  t.equal(lockout.wait('2001:db8:1:3::1', 0), 0)
})

t.test('memory is bounded, the newest failures are kept', async (t) => {
  const lockout = createLockout()
  for (let n = 0; n < MOST_ADDRESSES + 500; n += 1) fail(lockout, `a${n}`, FREE_FAILURES)
  t.equal(lockout.size, MOST_ADDRESSES)
  t.equal(lockout.wait('a0', 0), 0)
  t.equal(lockout.wait(`a${MOST_ADDRESSES + 499}`, 0), 1000)
})
