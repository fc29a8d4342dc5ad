import type { Exact } from '../numbers/exact.ts'

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/

/** What a decimal is written as, without the separators that Python allows; undefined when it is none. */
export const decimalText = (input: number | string): string | undefined => {
  const plain = String(input).trim().replaceAll('_', '')
  const match = DECIMAL.exec(plain)
  return match && `${match[2] ?? ''}${match[3] ?? ''}` !== '' ? plain : undefined
}

const float = new DataView(new ArrayBuffer(8))

/** `mantissa * 2 ** exponent`: exactly what a double is. */
const binary = (value: number): { mantissa: bigint; exponent: number } => {
  float.setFloat64(0, value)
  const bits = float.getBigUint64(0)
  const biased = Number((bits >> 52n) & 0x7ffn)
  const fraction = bits & ((1n << 52n) - 1n)
  const mantissa = biased === 0 ? fraction : fraction | (1n << 52n)
  return { mantissa: value < 0 ? -mantissa : mantissa, exponent: Math.max(biased, 1) - 1075 }
}

const power = (base: bigint, exponent: number): bigint => base ** BigInt(Math.max(exponent, 0))

/** The nearest double of a quotient, to within a unit in its last place: it is only the small part of a number. */
const quotient = (numerator: bigint, denominator: bigint): number => {
  const shift = Math.max(0, denominator.toString(2).length - numerator.toString(2).length + 60)
  return Number((numerator << BigInt(shift)) / denominator) / 2 ** shift
}

/** A decimal number with more digits than a double holds: `0.1` is the double next to it and what that leaves out. */
export const exactOf = (text: string): Exact => {
  const hi = Number(text)
  const match = DECIMAL.exec(text)
  if (!match || hi === 0 || !Number.isFinite(hi)) return { hi, lo: 0 }
  const [, sign, whole = '', fraction = '', exponent = '0'] = match
  const tens = Number(exponent) - fraction.length
  const digits = BigInt(`${whole}${fraction}`) * (sign === '-' ? -1n : 1n)
  const { mantissa, exponent: twos } = binary(hi)
  // digits * 10^tens - mantissa * 2^twos, both over the same denominator.
  const denominator = power(10n, -tens) * power(2n, -twos)
  const left = digits * power(10n, tens) * power(2n, -twos)
  const right = mantissa * power(2n, twos) * power(10n, -tens)
  return { hi, lo: left === right ? 0 : quotient(left - right, denominator) }
}
