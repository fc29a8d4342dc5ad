import t from 'tap'
import { knownSeries } from './known-series.ts'

t.test('what was used last is kept, and what is needed now whatever its size', async (t) => {
  const known = knownSeries(100)
  const of = (id: string, bytes: number) => ({ id, bytes })
  t.same(known.use([of('a', 40), of('b', 40)]), [])
  t.same(known.use([of('a', 40)]), [], 'a is younger than b now')
  t.same(known.use([of('c', 40)]), ['b'])
  t.ok(known.has('a') && known.has('c') && !known.has('b'))
  t.same(known.use([of('d', 90), of('e', 90)]), ['a', 'c'])
  t.ok(known.has('d') && known.has('e'))
})
