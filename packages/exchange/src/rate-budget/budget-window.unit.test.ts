import fc from 'fast-check'
import t from 'tap'
import { emptyWindow, freeAt, grant, timingOf, usedAt, withCharge, withRefund } from './budget-window.ts'

const timing = timingOf(10_000)
const ask = (least: number, more: { queued?: number; spare?: number; capacity?: number } = {}) => ({
  least,
  queued: least,
  spare: 0,
  capacity: 10_000,
  ...more,
})

t.test(
  'however leases are taken, spent late and given back, no window of the venue holds more than the budget',
  async () => {
    const step = fc.record({
      pause: fc.integer({ min: 0, max: 3_000 }),
      least: fc.integer({ min: 1, max: 4_000 }),
      spare: fc.integer({ min: 0, max: 4_000 }),
      ceiling: fc.constantFrom(0.7, 0.9, 1),
      /** When within the lease it is spent, how much of it, and how long it takes to arrive. */
      late: fc.double({ min: 0, max: 1, noNaN: true }),
      part: fc.double({ min: 0, max: 1, noNaN: true }),
      travel: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let now = 1_000_000
        let window = emptyWindow
        const arrivals: { readonly at: number; readonly weight: number }[] = []
        const refunds: { readonly at: number; readonly slice: number; readonly weight: number }[] = []
        for (const { pause, least, spare, ceiling, late, part, travel } of steps) {
          now += pause
          for (const refund of refunds.splice(0)) {
            if (refund.at <= now) window = withRefund(window, [refund.slice, refund.weight])
            else refunds.push(refund)
          }
          const outcome = grant(window, timing, ask(least, { spare, capacity: ceiling * timing.windowMs }), now)
          if (outcome.kind === 'full') continue
          window = outcome.window
          const { lease } = outcome
          const spent = Math.max(0, Math.min(lease.weight, lease.weight * part))
          arrivals.push({ at: now + late * (lease.until - now) + travel * timing.spreadMs, weight: spent })
          refunds.push({ at: lease.until, slice: lease.slice, weight: lease.weight - spent })
        }
        for (const { at } of arrivals) {
          const inWindow = arrivals.filter((other) => other.at >= at && other.at < at + timing.windowMs)
          const sum = inWindow.reduce((total, { weight }) => total + weight, 0)
          if (sum > timing.windowMs + 1e-6) return false
        }
        return true
      }),
      { numRuns: 500 },
    )
  },
)

t.test('what is full says when it is free, and is', async () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 9_000 }), fc.integer({ min: 1, max: 2_000 })), { maxLength: 30 }),
      fc.integer({ min: 1, max: 10_000 }),
      (charges, weight) => {
        const now = 1_009_000
        const window = charges.reduce(
          (sum, [at, cost]) => withCharge(sum, timing, [1_000_000 + at, cost], now),
          emptyWindow,
        )
        const time = freeAt(window, timing, weight, 10_000, now)
        const grantedThen = grant(window, timing, ask(weight), time).kind === 'granted'
        const grantedBefore = time > now && grant(window, timing, ask(weight), time - 1).kind === 'granted'
        return grantedThen && !grantedBefore
      },
    ),
  )
})

t.test('a lease covers the queue, and spare weight only from plenty', async (t) => {
  const first = grant(emptyWindow, timing, ask(100, { spare: 400 }), 0)
  t.match(first, { kind: 'granted', lease: { weight: 400 } })
  const nearlyFull = withCharge(emptyWindow, timing, [0, 9_400], 0)
  t.match(grant(nearlyFull, timing, ask(100, { spare: 400 }), 0), { kind: 'granted', lease: { weight: 150 } })
  t.match(grant(nearlyFull, timing, ask(100, { queued: 500 }), 0), { kind: 'granted', lease: { weight: 500 } })
  t.match(grant(nearlyFull, timing, ask(700), 0), { kind: 'full' })
})

t.test('the reserve is for those whose ceiling is higher', async (t) => {
  const window = withCharge(emptyWindow, timing, [0, 7_000], 0)
  t.match(grant(window, timing, ask(1, { capacity: 7_000 }), 0), { kind: 'full' })
  t.match(grant(window, timing, ask(1), 0), { kind: 'granted' })
})

t.test('a request dearer than a window goes out alone and takes up all the windows it is worth', async (t) => {
  const outcome = grant(emptyWindow, timing, ask(25_000), 0)
  t.match(outcome, { kind: 'granted', lease: { weight: 25_000 } })
  if (outcome.kind !== 'granted') return
  const next = freeAt(outcome.window, timing, 1, 10_000, 1)
  t.ok(next >= 30_000, `the next one waits for three windows: ${next}`)
  t.match(grant(withCharge(emptyWindow, timing, [0, 1], 0), timing, ask(25_000), 0), { kind: 'full' })
})

t.test('a charge ends when no window of the venue can hold it any more', async (t) => {
  const window = withCharge(emptyWindow, timing, [1_000, 5], 0)
  t.equal(usedAt(window, timing, 1_000 + 10_000 + timing.spreadMs - 1), 5)
  t.equal(usedAt(window, timing, 1_000 + 10_000 + timing.spreadMs), 0)
  t.same(withRefund(window, [1_000, 5]), emptyWindow)
  t.same(withRefund(window, [999, 5]), window, 'a charge that is gone gives nothing back')
})
