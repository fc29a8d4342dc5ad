/** Decimal text as Python's `decimal.Decimal` reads and writes it, without ever passing through a float. */
interface Parts {
  readonly negative: boolean
  /** Coefficient without leading zeros, `0` for zero. */
  readonly digits: string
  readonly exponent: number
}

const pattern = /^([+-]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:[eE]([+-]?\d{1,9}))?$/

const parts = (text: string): Parts | undefined => {
  const match = pattern.exec(text.trim().replaceAll(/(?<=\d)_(?=\d)/g, ''))
  if (!match) return undefined
  const [, sign, whole = '', fraction = match[4] ?? '', , exponent = '0'] = match
  const digits = `${whole}${fraction}`.replace(/^0+(?=\d)/, '')
  return { negative: sign === '-', digits, exponent: Number(exponent) - fraction.length }
}

/**
 * The text Python prints for `Decimal(text)`: trailing zeros survive, an exponent is written `1E-9`, and only when the
 * number is tiny or was given with a positive exponent. Undefined when it is not a finite decimal number.
 */
export const pythonDecimal = (text: string): string | undefined => {
  const number = parts(text)
  if (!number) return undefined
  const { digits, exponent } = number
  const sign = number.negative ? '-' : ''
  const adjusted = exponent + digits.length - 1
  if (exponent <= 0 && adjusted >= -6) {
    if (exponent === 0) return `${sign}${digits}`
    const padded = digits.padStart(1 - exponent, '0')
    return `${sign}${padded.slice(0, exponent)}.${padded.slice(exponent)}`
  }
  const mantissa = digits.length > 1 ? `${digits[0]}.${digits.slice(1)}` : digits
  return `${sign}${mantissa}E${adjusted < 0 ? '-' : '+'}${Math.abs(adjusted)}`
}

/** Python's shortest text of a float (`1e-05`, `1e+16`) read as a Decimal. */
export const decimalOfFloat = (value: number): string => {
  const text = String(value)
  const large = Math.abs(value) >= 1e16
  return pythonDecimal(large && !text.includes('e') ? value.toExponential() : text) ?? text
}

const significant = (number: Parts): Parts => {
  const digits = number.digits.replace(/0+$/, '')
  return digits === ''
    ? { negative: false, digits: '0', exponent: 0 }
    : { ...number, digits, exponent: number.exponent + number.digits.length - digits.length }
}

const magnitude = (a: Parts, b: Parts): number => {
  if (a.digits === '0' || b.digits === '0') return Number(a.digits !== '0') - Number(b.digits !== '0')
  const scale = a.exponent + a.digits.length - (b.exponent + b.digits.length)
  if (scale !== 0) return Math.sign(scale)
  const width = Math.max(a.digits.length, b.digits.length)
  const [left, right] = [a.digits.padEnd(width, '0'), b.digits.padEnd(width, '0')]
  return left === right ? 0 : left < right ? -1 : 1
}

/** -1, 0 or 1, exactly. Both texts must be decimal numbers. */
export const compareDecimals = (left: string, right: string): number => {
  const [a, b] = [parts(left), parts(right)]
  if (!a || !b) throw new TypeError(`not a decimal number: ${a ? right : left}`)
  const [x, y] = [significant(a), significant(b)]
  if (x.negative !== y.negative) return x.negative ? -1 : 1
  return x.negative ? -magnitude(x, y) : magnitude(x, y)
}
