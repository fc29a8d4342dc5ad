import t from 'tap'
import { z } from 'zod'
import {
  anything,
  asParsed,
  bool,
  compareDecimals,
  decimal,
  dict,
  enumeration,
  float,
  integer,
  isDecimal,
  isList,
  list,
  literal,
  model,
  nullable,
  pythonDecimal,
  reshaped,
  rule,
  text,
  union,
  validationItems,
} from './index.ts'

const parse = (schema: z.ZodType, value: unknown): unknown => schema.parse(value)
const items = (schema: z.ZodType, value: unknown): unknown => {
  const parsed = schema.safeParse(value)
  return parsed.success ? { unexpectedly: parsed.data } : validationItems(parsed.error, value)
}
/** The one item of a value that is refused at its root. */
const refused = (type: string, msg: string, input: unknown, ctx?: object) => [
  { type, loc: [], msg, input, ...(ctx ? { ctx } : {}) },
]

t.test('integers are coerced as pydantic does', async (t) => {
  for (const [given, value] of [
    [5, 5],
    ['5', 5],
    [' +1_000 ', 1000],
    ['5.000', 5],
    [5.0, 5],
    [true, 1],
    [false, 0],
    ['-0', 0],
  ] as const) {
    t.equal(parse(integer(), given), value, JSON.stringify(given))
  }
  const unparsable = 'Input should be a valid integer, unable to parse string as an integer'
  for (const given of ['x', '', '1.5', '1e3', '0x10', '1__0', '5.']) {
    t.same(items(integer(), given), refused('int_parsing', unparsable, given), JSON.stringify(given))
  }
  const fraction = 'Input should be a valid integer, got a number with a fractional part'
  t.same(items(integer(), 1.5), refused('int_from_float', fraction, 1.5))
  for (const given of [null, [], {}]) {
    const input = given
    t.same(items(integer(), given), refused('int_type', 'Input should be a valid integer', input))
  }
  t.same(items(integer(), Number.NaN), refused('finite_number', 'Input should be a finite number', Number.NaN))
  t.match(items(integer(), '9007199254740993'), [{ type: 'int_parsing_size' }])
})

t.test('bounds name themselves', async (t) => {
  const limit = integer({ ge: 1, le: 1000 })
  t.equal(parse(limit, 1), 1)
  t.equal(parse(limit, '1000'), 1000)
  t.same(items(limit, 0), refused('greater_than_equal', 'Input should be greater than or equal to 1', 0, { ge: 1 }))
  t.same(
    items(limit, '5000'),
    refused('less_than_equal', 'Input should be less than or equal to 1000', '5000', { le: 1000 }),
  )
  t.same(items(float({ gt: 0 }), 0), refused('greater_than', 'Input should be greater than 0', 0, { gt: 0 }))
  t.same(items(float({ lt: 1 }), 1), refused('less_than', 'Input should be less than 1', 1, { lt: 1 }))
  t.same(items(decimal({ gt: 0 }), -1), refused('greater_than', 'Input should be greater than 0', -1, { gt: 0 }))
  t.same(
    items(decimal({ gt: 0 }), '0.000'),
    refused('greater_than', 'Input should be greater than 0', '0.000', { gt: 0 }),
  )
  t.equal(parse(decimal({ gt: 0 }), '1e-400'), '1E-400', 'smaller than any float and still positive')
})

t.test('floats', async (t) => {
  for (const [given, value] of [
    [1, 1],
    ['1.5', 1.5],
    [' 1e3 ', 1000],
    ['.5', 0.5],
    ['5.', 5],
    [true, 1],
  ] as const) {
    t.equal(parse(float(), given), value, JSON.stringify(given))
  }
  const unparsable = 'Input should be a valid number, unable to parse string as a number'
  for (const given of ['', 'x', '0x1', '1e']) {
    t.same(items(float(), given), refused('float_parsing', unparsable, given), JSON.stringify(given))
  }
  t.same(items(float(), null), refused('float_type', 'Input should be a valid number', null))
  for (const given of [Number.NaN, Number.POSITIVE_INFINITY, 'nan', '-Infinity', '1e999']) {
    t.same(items(float(), given), refused('finite_number', 'Input should be a finite number', given), String(given))
  }
})

t.test('booleans and their words', async (t) => {
  for (const word of ['true', 'True', '1', 'on', 'yes', 't', 'Y', 1, true])
    t.equal(parse(bool(), word), true, `${word}`)
  for (const word of ['false', '0', 'OFF', 'no', 'f', 'n', 0, false]) t.equal(parse(bool(), word), false, `${word}`)
  for (const word of ['', 'maybe', ' true', 2, 0.5]) {
    const msg = 'Input should be a valid boolean, unable to interpret input'
    t.same(items(bool(), word), refused('bool_parsing', msg, word), `${word}`)
  }
  t.same(items(bool(), null), refused('bool_type', 'Input should be a valid boolean', null))
})

t.test('decimals keep their digits', async (t) => {
  // Expected texts are what CPython's decimal module prints.
  for (const [given, value] of [
    ['0.00100', '0.00100'],
    ['1e-9', '1E-9'],
    ['1e20', '1E+20'],
    ['0.0000001', '1E-7'],
    ['0.000001', '0.000001'],
    ['.5', '0.5'],
    ['5.', '5'],
    ['1E+2', '1E+2'],
    ['-0.0', '-0.0'],
    ['12.5e3', '1.25E+4'],
    [' 1_000.50 ', '1000.50'],
    [0.1, '0.1'],
    [1e-9, '1E-9'],
    [0.00001, '0.00001'],
    [1e16, '1E+16'],
    [1e20, '1E+20'],
    [100, '100'],
    ['0.123456789012345678901234567890', '0.123456789012345678901234567890'],
  ] as const) {
    t.equal(parse(decimal(), given), value, String(given))
  }
  for (const given of ['', 'x', '1,5', '0x1', '--1', '1e']) {
    t.same(items(decimal(), given), refused('decimal_parsing', 'Input should be a valid decimal', given))
  }
  for (const given of [Number.NaN, 'NaN', 'Infinity', '-inf']) {
    t.same(items(decimal(), given), refused('finite_number', 'Input should be a finite number', given))
  }
  for (const given of [true, null, []]) t.match(items(decimal(), given), [{ type: 'decimal_type' }])
  t.equal(pythonDecimal('nonsense'), undefined)
  t.same(
    [
      ['0.1', '0.10'],
      ['1e3', '999.999'],
      ['-2', '-1'],
      ['0', '-0.0'],
      ['1e-999999', '0'],
      ['9', '10'],
    ].map(([a = '', b = '']) => compareDecimals(a, b)),
    [0, 1, -1, 0, 1, -1],
  )
})

t.test('text, literals, enums', async (t) => {
  t.equal(parse(text(), ''), '')
  for (const given of [1, null, true, {}])
    t.match(items(text(), given), [{ type: 'string_type', msg: 'Input should be a valid string' }])
  t.match(items(text(), 'a\u0000'), [{ type: 'value_error', msg: /U\+0000/ }])
  t.match(items(text(), 'a\ud800'), [{ type: 'string_unicode' }])
  t.equal(parse(text(), '💥'), '💥')
  const name = text({ pattern: '^[A-Za-z0-9_-]+$' })
  t.equal(parse(name, 'a_b-1'), 'a_b-1')
  t.same(
    items(name, '../x'),
    refused('string_pattern_mismatch', "String should match pattern '^[A-Za-z0-9_-]+$'", '../x', {
      pattern: '^[A-Za-z0-9_-]+$',
    }),
  )
  t.match(items(text({ minLength: 1 }), ''), [
    { type: 'string_too_short', msg: 'String should have at least 1 character' },
  ])
  t.match(items(text({ maxLength: 2 }), 'abc'), [{ type: 'string_too_long', ctx: { max_length: 2 } }])
  t.equal(parse(text({ maxLength: 1 }), '𝄞'), '𝄞', 'counted in code points')
  const side = literal('BUY', 'SELL')
  t.equal(parse(side, 'BUY'), 'BUY')
  t.same(
    items(side, 'buy'),
    refused('literal_error', "Input should be 'BUY' or 'SELL'", 'buy', { expected: "'BUY' or 'SELL'" }),
  )
  const kinds = "'directional_trading', 'market_making' or 'generic'"
  t.same(
    items(enumeration('directional_trading', 'market_making', 'generic'), 'x'),
    refused('enum', `Input should be ${kinds}`, 'x', { expected: kinds }),
  )
})

t.test('lists, dictionaries, models', async (t) => {
  t.same(parse(list(integer()), ['1', 2]), [1, 2])
  t.same(items(list(text()), 'x'), refused('list_type', 'Input should be a valid list', 'x'))
  t.match(items(model({ a: list(integer()) }), { a: [1, 'x'] }), [{ type: 'int_parsing', loc: ['a', 1], input: 'x' }])
  t.match(items(list(text(), { minLength: 1 }), []), [
    { type: 'too_short', msg: 'List should have at least 1 item after validation, not 0' },
  ])
  t.same(parse(dict(), { a: { b: 1 } }), { a: { b: 1 } })
  t.same(items(dict(), 'str'), refused('dict_type', 'Input should be a valid dictionary', 'str'))
  t.same(items(dict(), []), refused('dict_type', 'Input should be a valid dictionary', []))
  t.match(items(dict(), { a: [Number.NaN] }), [{ type: 'finite_number', loc: ['a', 0] }])
  t.match(
    items(dict(), { a: [{ b: 'x\0' }], 'c\0': 1, d: { 'e\0': '\ud800' }, f: 'fine \u{1F426}' }),
    [
      { type: 'value_error', loc: ['a', 0, 'b'], msg: /U\+0000/ },
      { type: 'value_error', loc: ['c\0'] },
      { type: 'value_error', loc: ['d', 'e\0'] },
      { type: 'string_unicode', loc: ['d', 'e\0'] },
    ],
    'what no database keeps',
  )
  const hostile = parse(dict(), JSON.parse('{"__proto__":{"polluted":true}}'))
  t.equal(Object.getPrototypeOf(hostile), Object.prototype)
  const inner = model({ pair: text(), n: integer({ ge: 1 }).default(5) })
  t.same(parse(inner, { pair: 'A', junk: 1 }), { pair: 'A', n: 5 })
  t.match(items(inner, { pair: 'A', n: null }), [{ type: 'int_type', loc: ['n'], input: null }])
  t.same(items(inner, {}), [{ type: 'missing', loc: ['pair'], msg: 'Field required', input: {} }])
  for (const given of [[], 'x', 1]) {
    const msg = 'Input should be a valid dictionary or object to extract fields from'
    t.same(items(inner, given), refused('model_attributes_type', msg, given))
  }
  const outer = model({ rows: list(inner), one: nullable(inner) })
  t.same(parse(outer, { rows: [{ pair: 'A' }] }), { rows: [{ pair: 'A', n: 5 }], one: null })
  t.same(items(outer, { rows: [{ n: 0 }], one: 3 }), [
    { type: 'missing', loc: ['rows', 0, 'pair'], msg: 'Field required', input: { n: 0 } },
    {
      type: 'greater_than_equal',
      loc: ['rows', 0, 'n'],
      msg: 'Input should be greater than or equal to 1',
      input: 0,
      ctx: { ge: 1 },
    },
    {
      type: 'model_attributes_type',
      loc: ['one'],
      msg: 'Input should be a valid dictionary or object to extract fields from',
      input: 3,
    },
  ])
})

t.test('of very much that is wrong, as much is said as can be read', async (t) => {
  const many = Array.from({ length: 300_000 }, () => 'x')
  const first = Array.from({ length: 100 }, (_, n) => [n])
  const locs = (found: unknown) =>
    z
      .array(z.looseObject({ loc: z.unknown() }))
      .parse(found)
      .map(({ loc }) => loc)
  let looked = 0
  const seen = z.unknown().transform((input) => {
    looked += 1
    return input
  })
  t.same(locs(items(list(seen.pipe(integer())), many)), first)
  t.equal(looked, 100, 'nor is more looked at')
  looked = 0
  t.equal(locs(items(dict(seen.pipe(integer())), { ...many.slice(0, 1_000) })).length, 100)
  t.equal(looked, 100)
  const twice = items(model({ a: list(list(integer())), b: integer() }), { a: [many, many], b: 'x' })
  t.same(locs(twice), [...first.map(([n]) => ['a', 0, n]), ['b']])
  t.equal(locs(items(dict(), { a: Array(1_000).fill(Number.NaN) })).length, 100)
  const valid = Array.from({ length: 1_000 }, (_, n) => n)
  t.same(parse(list(integer()), valid), valid)
})

t.test('optional fields, rules, unions, anything', async (t) => {
  t.same(parse(model({ a: nullable(text()), b: nullable(integer()) }), { b: null }), { a: null, b: null })
  t.match(items(model({ a: nullable(text()) }), { a: 1 }), [{ type: 'string_type', loc: ['a'], input: 1 }])
  const interval = rule(text(), (given) => (given === '5m' ? undefined : `Invalid interval '${given}'`))
  t.equal(parse(interval, '5m'), '5m')
  t.same(items(interval, '7m'), refused('value_error', "Value error, Invalid interval '7m'", '7m'))
  t.match(items(interval, 1), [{ type: 'string_type' }], 'a rule only sees values of its type')
  const either = union<unknown>({ 'dict[any,any]': dict(), str: text() })
  t.equal(parse(either, 'x'), 'x')
  t.same(parse(either, { a: 1 }), { a: 1 })
  t.same(items(model({ config: either }), { config: [1] }), [
    { type: 'dict_type', loc: ['config', 'dict[any,any]'], msg: 'Input should be a valid dictionary', input: [1] },
    { type: 'string_type', loc: ['config', 'str'], msg: 'Input should be a valid string', input: [1] },
  ])
  t.same(
    items(model({ config: either }), { config: { a: Number.NaN, b: ['x\0'] } }),
    [
      { type: 'finite_number', loc: ['config', 'a'], msg: 'Input should be a finite number', input: Number.NaN },
      {
        type: 'value_error',
        loc: ['config', 'b', 0],
        msg: 'Value error, a text cannot hold the character U+0000',
        input: 'x\0',
      },
    ],
    'a part of an object is wrong, not that it is no text',
  )
  t.equal(parse(union<unknown>({ int: integer(), str: text() }), '5'), '5', 'no coercion where a branch fits as it is')
  t.equal(parse(nullable(union<unknown>({ str: text() })), null), null)
  const lifted = reshaped((input) => dict().safeParse(input).data?.inner, model({ n: integer(), s: text() }))
  t.same(parse(lifted, { inner: { n: 1, s: 'x' } }), { n: 1, s: 'x' })
  const given = { inner: { n: 'x' } }
  t.match(validationItems(lifted.safeParse(given).error ?? new z.ZodError([]), asParsed(lifted, given)), [
    { type: 'int_parsing', loc: ['n'], input: 'x' },
    { type: 'missing', loc: ['s'], input: { n: 'x' } },
  ])
  t.equal(asParsed(text(), given), given)
  t.same(parse(model({ a: anything() }), { a: null }), { a: null })
  t.match(items(model({ a: anything() }), {}), [{ type: 'missing', loc: ['a'] }])
})

t.test('what others ask of a type', async (t) => {
  t.ok(isList(nullable(list(text()))))
  t.ok(isList(list(text()).default([])))
  t.notOk(isList(text()))
  t.ok(isDecimal(nullable(decimal())))
  t.notOk(isDecimal(float()))
  const schema = model({ side: literal('BUY'), n: integer({ ge: 1 }).default(2), tags: nullable(list(text())) })
  t.match(z.toJSONSchema(schema, { io: 'input' }), {
    type: 'object',
    properties: {
      side: { type: 'string', enum: ['BUY'] },
      n: { type: 'integer', minimum: 1 },
      tags: { anyOf: [{ type: 'array', items: { type: 'string' } }, { type: 'null' }] },
    },
    required: ['side'],
  })
})
