import fc from 'fast-check'
import t from 'tap'
import { overlap, pieceOf, pieces, rangesText } from './candle-range.ts'

const range = fc
  .tuple(fc.integer({ min: 0, max: 1_000 }), fc.integer({ min: 0, max: 1_000 }))
  .map(([from, length]) => ({ from, to: from + length }))

t.test('pieces cover a range once, each within one multiple', async () => {
  fc.assert(
    fc.property(range, fc.integer({ min: 1, max: 300 }), (whole, size) => {
      const cut = pieces(whole, size)
      const times = cut.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, index) => from + index))
      const expected = Array.from({ length: whole.to - whole.from }, (_, index) => whole.from + index)
      return (
        times.join() === expected.join() && cut.every(({ from, to }) => pieceOf(from, size) === pieceOf(to - 1, size))
      )
    }),
  )
})

t.test('an overlap is what lies in both', async () => {
  fc.assert(
    fc.property(range, range, fc.integer({ min: 0, max: 2_000 }), (one, other, time) => {
      const both = overlap(one, other)
      const within = ({ from, to }: { from: number; to: number }) => from <= time && time < to
      return (within(one) && within(other)) === (both !== undefined && within(both))
    }),
  )
})

t.test('ranges for people', async (t) => {
  const day = 86_400_000
  t.equal(
    rangesText([
      { from: 0, to: day },
      { from: 2 * day, to: 3 * day },
    ]),
    '1970-01-01T00:00:00Z to 1970-01-02T00:00:00Z, 1970-01-03T00:00:00Z to 1970-01-04T00:00:00Z',
  )
})
