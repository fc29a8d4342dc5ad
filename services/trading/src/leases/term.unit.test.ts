import t from 'tap'
import { isOver, termOf } from './term.ts'

const at = (steady: number, wall: number) => ({ steady, wall })

t.test('a term ends by whichever clock says so first, and a sixth early', async (t) => {
  const term = termOf(at(1_000, 50_000), 6_000)
  t.equal(isOver(term, at(5_999, 54_999)), false)
  t.equal(isOver(term, at(6_000, 50_000)), true, 'the clock was set back, or stood still')
  t.equal(isOver(term, at(1_001, 55_000)), true, 'the machine was suspended')
  t.equal(isOver(term, at(2_000, 10_000)), false, 'a clock that was set back ends nothing')
})
