import t from 'tap'
import { nestsTooDeep } from './nesting.ts'

const nested = (levels: number, around: (inner: unknown) => unknown): unknown => {
  let value: unknown = 0
  for (let level = 0; level < levels; level++) value = around(value)
  return value
}

t.test('a thousand levels are not too deep, one more is', async (t) => {
  for (const around of [(inner: unknown) => [1, inner], (inner: unknown) => ({ a: null, b: inner })]) {
    t.notOk(nestsTooDeep(nested(1_000, around)))
    t.ok(nestsTooDeep(nested(1_001, around)))
    t.ok(nestsTooDeep(nested(1_000_000, around)), 'without ever coming to its end')
  }
  for (const flat of [null, undefined, 'x', [], {}, Array(100_000).fill([])]) t.notOk(nestsTooDeep(flat))
})
