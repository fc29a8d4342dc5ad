import fc from 'fast-check'
import t from 'tap'
import { asOf, instant, nullable, parseInstant, validationItems } from './index.ts'

const NOON = Date.parse('2026-01-31T12:00:00Z')

t.test('ISO 8601, epoch seconds and epoch milliseconds are one moment', async (t) => {
  for (const text of [
    '2026-01-31T12:00:00Z',
    '2026-01-31T12:00:00',
    '2026-01-31 12:00',
    '2026-01-31T12:00:00.000z',
    '2026-01-31T12:00:00+00:00',
    '2026-01-31T12:00:00 00:00',
    '2026-01-31T13:30:00+0130',
    '2026-01-31T13:30:00 01:30',
    '2026-01-31T10:00:00-02:00',
    ' 1769860800 ',
    '1769860800000',
    '1769860800.0',
    1_769_860_800,
    1_769_860_800_000,
  ])
    t.equal(parseInstant(text), NOON, JSON.stringify(text))
  t.equal(parseInstant('2026-01-31'), NOON - 12 * 3_600_000, 'a date is its midnight')
  t.equal(parseInstant('2026-01-31T12:00:00.1239Z'), NOON + 123, 'finer than a millisecond is cut')
  t.equal(parseInstant('1769860800.5'), NOON + 500)
})

t.test('what is no moment is refused', async (t) => {
  for (const text of [
    '',
    ' ',
    'now',
    '2026-02-30',
    '2026-13-01',
    '2026-01-31T24:00',
    '31.01.2026',
    '-1',
    '1e12',
    '0x10',
  ])
    t.equal(parseInstant(text), undefined, JSON.stringify(text))
  for (const value of [null, true, [], {}, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e17])
    t.equal(parseInstant(value), undefined, String(value))
})

t.test('every millisecond survives as text and as a number', async (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1e11, max: 4e12 }), (time) => {
      t.equal(parseInstant(new Date(time).toISOString()), time)
      t.equal(parseInstant(String(time)), time)
    }),
  )
})

t.test('as_of names the value and what would be right', async (t) => {
  const schema = nullable(asOf(() => NOON))
  const refusal = (value: unknown) => {
    const parsed = schema.safeParse(value)
    return parsed.success ? [] : validationItems(parsed.error, value)
  }
  t.equal(schema.parse('2026-01-31T12:00:00Z'), NOON)
  t.equal(schema.parse(undefined), null)
  t.match(refusal('yesterday'), [
    { type: 'datetime_parsing', loc: [], input: 'yesterday', msg: /ISO 8601 .*, not 'yesterday'$/ },
  ])
  t.match(refusal('2026-01-31T12:00:01Z'), [
    { type: 'datetime_past', msg: /in the past.*2026-01-31T12:00:01.000Z, and now it is 2026-01-31T12:00:00.000Z$/ },
  ])
  t.equal(instant().parse('2099-01-01'), Date.UTC(2099, 0, 1))
  t.throws(() => instant().parse('later'))
})
