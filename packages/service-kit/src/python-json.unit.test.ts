import t from 'tap'
import { JsonDecodeError, parsePythonJson } from './python-json.ts'

t.test('errors have the words and offsets of CPython', async (t) => {
  // What json.loads of CPython says; the words about trailing commas are those of 3.13.
  const known: readonly (readonly [string, string, number])[] = [
    ['{"a":', 'Expecting value', 5],
    ['{', 'Expecting property name enclosed in double quotes', 1],
    ['{"a"}', "Expecting ':' delimiter", 4],
    ['[1 2]', "Expecting ',' delimiter", 3],
    ['"abc', 'Unterminated string starting at', 0],
    ['"a\\q"', 'Invalid \\escape', 2],
    ['"\\u12g4"', 'Invalid \\uXXXX escape', 2],
    ['1 2', 'Extra data', 2],
    ['  ', 'Expecting value', 2],
    ['{a:1}', 'Expecting property name enclosed in double quotes', 1],
    ['"a\nb"', 'Invalid control character at', 2],
    ['{"é":}', 'Expecting value', 5],
    ['{"𝄞":}', 'Expecting value', 5],
    ['tru', 'Expecting value', 0],
    ['{"a":1 "b"}', "Expecting ',' delimiter", 7],
    ['-', 'Expecting value', 0],
    ['01', 'Extra data', 1],
    ['"a\\', 'Unterminated string starting at', 0],
    ['[', 'Expecting value', 1],
    ['{"a":1,"b"', "Expecting ':' delimiter", 10],
    ['{"a":1, }', 'Illegal trailing comma before end of object', 6],
    ['[1,]', 'Illegal trailing comma before end of array', 2],
    ["{'a':1}", 'Expecting property name enclosed in double quotes', 1],
  ]
  for (const [text, message, position] of known) {
    t.throws(() => parsePythonJson(text), new JsonDecodeError(message, position), JSON.stringify(text))
  }
})

t.test('NaN and infinities are values', async (t) => {
  t.same(parsePythonJson('{"a":[NaN,-Infinity,Infinity,1.5,"\\u00e9\\n",null,true,{}]}').value, {
    a: [Number.NaN, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, 1.5, 'é\n', null, true, {}],
  })
})

t.test('the text of a number that a float would lose is kept', async (t) => {
  const { value, numberTexts } = parsePythonJson('{"a":1.0,"b":0.1,"c":123456789012345678901,"d":{"e":1e-9}}')
  const root = value as { d: object }
  t.same(
    numberTexts.get(root),
    new Map([
      ['a', '1.0'],
      ['c', '123456789012345678901'],
    ]),
  )
  t.equal(numberTexts.get(root.d), undefined, '1e-9 prints the same')
})
