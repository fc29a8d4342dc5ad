import { nearest, type Price } from '../../numbers/exact.ts'

/**
 * Numbers as the original writes them: a float always has a point or an exponent, a decimal only where it needs one. What
 * is not finite has no JSON; it becomes the zero that the original fills gaps with.
 */
export const float = (value: number): string => {
  if (!Number.isFinite(value)) return '0.0'
  return Number.isInteger(value) && Math.abs(value) < 1e21 ? `${value}.0` : `${value}`
}

export const decimal = (value: Price): string => {
  const number = nearest(value)
  return Number.isFinite(number) ? `${number}` : '0'
}

export const text = (value: string | null): string => JSON.stringify(value)

/** Null, or what `form` makes of the value. */
export const orNull = <T>(value: T | null, form: (value: T) => string): string =>
  value === null ? 'null' : form(value)

export const list = <T>(values: readonly T[], form: (value: T) => string): string => `[${values.map(form).join(',')}]`

/** An object of keys and values that are JSON already. */
export const object = (fields: Readonly<Record<string, string>>): string =>
  `{${Object.entries(fields)
    .map(([key, value]) => `${JSON.stringify(key)}:${value}`)
    .join(',')}}`
