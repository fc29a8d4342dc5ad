import fc from 'fast-check'
import t from 'tap'
import { decimalText, optionalDecimal } from './decimals.ts'

t.test('no digit is lost', async (t) => {
  t.equal(decimalText.parse('0.123456789012345678'), '0.123456789012345678')
  t.equal(
    decimalText.parse('123456789012345678901234567890.000000000000000001'),
    '123456789012345678901234567890.000000000000000001',
  )
  t.equal(decimalText.parse('1e-8'), '0.00000001', 'never an exponent')
  t.equal(decimalText.parse(0.1), '0.1')
  t.equal(decimalText.parse(1e21), '1000000000000000000000')
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 38n }), fc.integer({ min: 0, max: 18 }), (digits, places) => {
      const padded = digits.toString().padStart(places + 1, '0')
      const whole = padded.slice(0, padded.length - places)
      const part = padded.slice(padded.length - places).replace(/0+$/, '')
      const plain = part === '' ? whole : `${whole}.${part}`
      return decimalText.parse(plain) === plain
    }),
  )
})

t.test('what is no number is refused', async (t) => {
  for (const value of ['', 'abc', 'NaN', 'Infinity', Number.NaN, Number.POSITIVE_INFINITY, null, undefined, {}]) {
    t.notOk(decimalText.safeParse(value).success, String(value))
    t.equal(optionalDecimal.parse(value), null, String(value))
  }
})
