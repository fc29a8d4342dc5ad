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

/** The largest double that is not above a positive price: `close <= price` is `close <= floorOf(price)`. */
export const floorOf = (price: Price): number =>
  typeof price === 'number' || price.lo >= 0 ? nearest(price) : neighbour(price.hi, 'below')

/** The smallest double that is not below a positive price: `close >= price` is `close >= ceilingOf(price)`. */
export const ceilingOf = (price: Price): number =>
  typeof price === 'number' || price.lo <= 0 ? nearest(price) : neighbour(price.hi, 'above')
