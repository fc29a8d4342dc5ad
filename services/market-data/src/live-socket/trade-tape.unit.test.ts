import fc from 'fast-check'
import t from 'tap'
import { createTradeTape } from './trade-tape.ts'

const numbers = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, at) => `${from + at}`)

t.test('a reader gets every trade in order, or the number of those that are gone', async () => {
  const steps = fc.array(fc.oneof(fc.record({ trades: fc.nat(400) }), fc.constant('read')), { maxLength: 60 })
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 600 }), (run, keptTrades) => {
      const tape = createTradeTape({ keptTrades, keptMs: 1_000, now: () => 0 })
      let written = 0
      let next = 0
      for (const step of run) {
        if (step !== 'read') {
          tape.append(written, numbers(written, written + step.trades))
          written += step.trades
          continue
        }
        const { trades, dropped } = tape.from(next)
        const expected = numbers(next + dropped, written)
        if (trades.join() !== expected.join()) return false
        // Nothing is given up that could be kept.
        if (dropped > 0 && trades.length < Math.min(keptTrades, written - next)) return false
        next = tape.end()
      }
      return next <= written && tape.end() === written
    }),
  )
})

t.test('the tape does not grow, by number or by age', async (t) => {
  let now = 0
  const tape = createTradeTape({ keptTrades: 1_000, keptMs: 60, now: () => now })
  for (let at = 0; at < 100; at++) {
    tape.append(at, numbers(at * 100, at * 100 + 100))
    t.ok(tape.from(0).trades.length <= 1_000 + 256)
  }
  now = 61
  tape.append(100, ['new'])
  t.same(tape.from(0).trades, ['new'])
  t.equal(tape.from(0).dropped, 10_000)
})
