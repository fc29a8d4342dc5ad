import fc from 'fast-check'
import t from 'tap'
import { histogram } from './histogram.ts'

t.test('every value is in one bin, none is far from its neighbours, and 0 is an edge', async (t) => {
  const values = fc.array(fc.double({ min: -1e7, max: 1e7, noNaN: true }), { minLength: 1, maxLength: 200 })
  fc.assert(
    fc.property(values, (made) => {
      const bins = histogram(made)
      const [first, last] = [bins[0], bins.at(-1)]
      const total = bins.reduce((sum, { count }) => sum + count, 0)
      const isTight = (first?.count ?? 0) > 0 && (last?.count ?? 0) > 0
      return total === made.length && bins.length <= 41 && isTight && bins.every(({ from, to }) => to <= 0 || from >= 0)
    }),
  )
  t.same(histogram([]), [])
  t.same(histogram([-1, 0, 1, 2]).filter(({ count }) => count > 0).length, 4)
})
