import type { Difference } from './golden.ts'

export interface Tolerance {
  /** Of the larger of two numbers. */
  readonly relative: number
  /** Below which two numbers are equal whatever they are; sums that should be zero rarely are. */
  readonly absolute: number
}

/** What the golden cases ask for: sums of doubles in another order differ in their last bits. */
export const GOLDEN_TOLERANCE: Tolerance = { relative: 1e-9, absolute: 1e-12 }

/**
 * Where `actual` is not what `expected` says. Numbers may differ by the tolerance; a text that holds a number (the
 * original's decimals) is compared with a number as one. Keys that `expected` does not have are not looked at.
 */
export const differences = (
  at: string,
  expected: unknown,
  actual: unknown,
  tolerance: Tolerance = GOLDEN_TOLERANCE,
): readonly Difference[] => {
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual)) return [{ at, expected, actual }]
    const lengths =
      expected.length === actual.length
        ? []
        : [{ at: `${at}.length`, expected: expected.length, actual: actual.length }]
    const both = expected.slice(0, actual.length)
    return [...lengths, ...both.flatMap((item, n) => differences(`${at}[${n}]`, item, actual[n], tolerance))]
  }
  if (typeof expected === 'object' && expected !== null) {
    if (typeof actual !== 'object' || actual === null) return [{ at, expected, actual }]
    const found = new Map(Object.entries(actual))
    return Object.entries(expected).flatMap(([key, value]) =>
      differences(at === '' ? key : `${at}.${key}`, value, found.get(key), tolerance),
    )
  }
  return isSame(expected, actual, tolerance) ? [] : [{ at, expected, actual }]
}

const isSame = (expected: unknown, actual: unknown, tolerance: Tolerance): boolean => {
  if (typeof actual === 'number' && typeof expected === 'string' && expected.trim() !== '')
    return isClose(Number(expected), actual, tolerance)
  if (typeof actual === 'number' && typeof expected === 'number') return isClose(expected, actual, tolerance)
  return Object.is(expected, actual)
}

const isClose = (expected: number, actual: number, { relative, absolute }: Tolerance): boolean =>
  Object.is(expected, actual) ||
  Math.abs(expected - actual) <= Math.max(absolute, relative * Math.max(Math.abs(expected), Math.abs(actual)))
