import fc from 'fast-check'
import t from 'tap'
import { jsonSyntaxError } from './json-syntax.ts'

const wrong: readonly (readonly [string, number, string])[] = [
  ['', 0, 'Expecting value'],
  ['   ', 3, 'Expecting value'],
  ['{"a":', 5, 'Expecting value'],
  ['{"a": x}', 6, 'Expecting value'],
  ['[', 1, 'Expecting value'],
  ['[1,', 3, 'Expecting value'],
  ['[1 2]', 3, "Expecting ',' delimiter"],
  ['[1,]', 2, 'Illegal trailing comma before end of array'],
  ['{"a":1 , }', 7, 'Illegal trailing comma before end of object'],
  ['{', 1, 'Expecting property name enclosed in double quotes'],
  ['{a:1}', 1, 'Expecting property name enclosed in double quotes'],
  ['{"a"}', 4, "Expecting ':' delimiter"],
  ['{"a":1', 6, "Expecting ',' delimiter"],
  ['"abc', 0, 'Unterminated string starting at'],
  ['["a\nb"]', 3, 'Invalid control character at'],
  ['"\\x"', 1, 'Invalid \\escape'],
  ['"\\u12g4"', 2, 'Invalid \\uXXXX escape'],
  ['"\\u12', 2, 'Invalid \\uXXXX escape'],
  ['{} x', 3, 'Extra data'],
  ['01', 1, 'Extra data'],
  ['nul', 0, 'Expecting value'],
  ['-', 0, 'Expecting value'],
  ['["😀", x]', 6, 'Expecting value'],
  ['\uFEFF{}', 0, 'Unexpected UTF-8 BOM (decode using utf-8-sig)'],
]

t.test('offsets and texts', async (t) => {
  for (const [text, offset, message] of wrong) t.same(jsonSyntaxError(text), { offset, message }, JSON.stringify(text))
})

t.test('what is accepted', async (t) => {
  for (const text of ['NaN', '[-Infinity, Infinity]', ' {"a": [1.5e3, -0, true, null, "\\u00e9"]} ', '[[[]]]', '{}']) {
    t.equal(jsonSyntaxError(text), undefined, text)
  }
  t.equal(jsonSyntaxError(`${'['.repeat(200_000)}${']'.repeat(200_000)}`), undefined, 'deep')
})

t.test('agrees with the JSON parser on what is JSON', async (t) => {
  t.doesNotThrow(
    () =>
      fc.assert(
        fc.property(fc.json(), fc.nat(), fc.constantFrom('', ',', '"', '{', ']', '\\', '1', ' '), (text, at, extra) => {
          const position = at % (text.length + 1)
          const mutated = text.slice(0, position) + extra + text.slice(position)
          const parses = (() => {
            try {
              JSON.parse(mutated)
              return true
            } catch {
              return false
            }
          })()
          return (jsonSyntaxError(mutated) === undefined) === parses
        }),
        { numRuns: 2000 },
      ),
    '2000 texts',
  )
})
