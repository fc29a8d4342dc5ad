import { Decimal } from 'decimal.js'

/**
 * A number with twice the digits of a double: the unevaluated sum of two. The original multiplies prices as decimals of
 * 28 digits and then compares candles with them; whether `100 * (1 - 0.01)` lies above or below a close of 99 is decided
 * behind the sixteenth digit. This keeps about 31 of them at the price of a few multiplications.
 *
 * Dekker, "A floating-point technique for extending the available precision", Numerische Mathematik 18 (1971).
 */
export interface Exact {
  readonly hi: number
  /** What `hi` leaves out; at most half a unit in its last place. */
  readonly lo: number
}

/** What a price may be given as. */
export type Price = number | Exact

const SPLITTER = 2 ** 27 + 1

const sumOf = (a: number, b: number): Exact => {
  const hi = a + b
  const bPart = hi - a
  return { hi, lo: a - (hi - bPart) + (b - bPart) }
}

const productOf = (a: number, b: number): Exact => {
  const hi = a * b
  const aBig = SPLITTER * a
  const aHigh = aBig - (aBig - a)
  const aLow = a - aHigh
  const bBig = SPLITTER * b
  const bHigh = bBig - (bBig - b)
  const bLow = b - bHigh
  return { hi, lo: aLow * bLow - (hi - aHigh * bHigh - aLow * bHigh - aHigh * bLow) }
}

const exact = (value: Price): Exact => (typeof value === 'number' ? { hi: value, lo: 0 } : value)

/** The nearest double. */
export const nearest = (value: Price): number => (typeof value === 'number' ? value : value.hi)

export const plus = (a: Price, b: Price): Exact => {
  const [x, y] = [exact(a), exact(b)]
  const high = sumOf(x.hi, y.hi)
  return sumOf(high.hi, high.lo + x.lo + y.lo)
}

export const minus = (a: Price, b: Price): Exact => {
  const y = exact(b)
  return plus(a, { hi: -y.hi, lo: -y.lo })
}

export const times = (a: Price, b: Price): Exact => {
  const [x, y] = [exact(a), exact(b)]
  const high = productOf(x.hi, y.hi)
  return sumOf(high.hi, high.lo + x.hi * y.lo + x.lo * y.hi)
}

/** Division by zero gives what doubles give: an infinity, or NaN. */
export const over = (a: Price, b: Price): Exact => {
  const divisor = exact(b)
  const first = nearest(a) / divisor.hi
  if (!Number.isFinite(first) || !Number.isFinite(divisor.hi)) return { hi: first, lo: 0 }
  const rest = minus(a, times(first, divisor))
  const second = rest.hi / divisor.hi
  const third = minus(rest, times(second, divisor)).hi / divisor.hi
  const sum = sumOf(first, second)
  return sumOf(sum.hi, sum.lo + third)
}

/** Enough for every digit of a double that can be a price. */
const Digits = Decimal.clone({ precision: 120, rounding: Decimal.ROUND_HALF_EVEN })

/** Every digit a double stands for, and not the fewest that tell it from its neighbours. */
const digitsOf = (value: number): Decimal => new Digits(value.toPrecision(100))

const PLAIN = /^([+-]?)(\d+)(?:\.(\d+))?$/
/** Any whole number of so many digits is a double, and so is any power of ten up to 22. */
const WHOLE = 15
const POWERS = 22

/** A text that is not too long, as two whole numbers side by side over a power of ten: without decimals. */
const quotientOf = (text: string): Exact | undefined => {
  const [, sign, whole = '', decimals = ''] = PLAIN.exec(text) ?? []
  const digits = whole + decimals
  if (sign === undefined || digits.length > 2 * WHOLE || decimals.length > POWERS) return undefined
  const rest = Math.max(0, digits.length - WHOLE)
  const first = Number(digits.slice(0, digits.length - rest))
  const all = rest === 0 ? first : plus(times(first, 10 ** rest), Number(digits.slice(-rest)))
  const { hi, lo } = over(all, 10 ** decimals.length)
  return sign === '-' ? { hi: -hi, lo: -lo } : { hi, lo }
}

/**
 * The number that a decimal text stands for. A number counts as the text it is written as: 0.1 is a tenth, as everywhere
 * in a configuration. `{ hi: NaN }` for what is no number.
 */
export const exactOf = (value: string | number): Exact => {
  const text = String(value).trim()
  const quotient = quotientOf(text)
  if (quotient !== undefined) return quotient
  const hi = text === '' ? Number.NaN : Number(text)
  if (!Number.isFinite(hi)) return { hi, lo: 0 }
  return { hi, lo: new Digits(text).minus(digitsOf(hi)).toNumber() }
}

const [float, bits] = (() => {
  const buffer = new ArrayBuffer(8)
  return [new Float64Array(buffer), new BigInt64Array(buffer)] as const
})()

/** The neighbour of a positive double, one unit in the last place away. */
const neighbour = (value: number, direction: 'above' | 'below'): number => {
  float[0] = value
  bits[0] = (bits[0] ?? 0n) + (direction === 'above' ? 1n : -1n)
  return float[0] ?? Number.NaN
}

/** How many digits a calculated price of the original has. */
const DIGITS = 28
/** More than what rounding to that many digits can move a number by, in parts of it. */
const ROUNDING = 1e-27

/**
 * Whether a calculated price, rounded to the original's digits, is above, below or at its nearest double. The rounding
 * decides only for a price that is a double, or all but: a spread of nothing, a round price times a round number.
 */
const signBehind = (price: Exact): number => {
  if (Math.abs(price.lo) > Math.abs(price.hi) * ROUNDING || !Number.isFinite(price.hi)) return Math.sign(price.lo)
  const double = digitsOf(price.hi)
  return double.plus(price.lo).toSignificantDigits(DIGITS, Decimal.ROUND_HALF_EVEN).comparedTo(double)
}

/**
 * The largest double that is not above a positive price: `close <= price` is `close <= floorOf(price)`. A price that is a
 * double was not calculated and counts with all its digits, any other with 28.
 */
export const floorOf = (price: Price): number =>
  typeof price === 'number' || signBehind(price) >= 0 ? nearest(price) : neighbour(price.hi, 'below')

/** The smallest double that is not below a positive price: `close >= price` is `close >= ceilingOf(price)`. */
export const ceilingOf = (price: Price): number =>
  typeof price === 'number' || signBehind(price) <= 0 ? nearest(price) : neighbour(price.hi, 'above')
