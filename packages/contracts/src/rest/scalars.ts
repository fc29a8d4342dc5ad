import { z } from 'zod'
import { compareDecimals, decimalOfFloat, pythonDecimal } from './decimal-text.ts'
import { expectedText, MOST_ITEMS, type Refusal } from './issues.ts'
import {
  type Bounds,
  boundsSchema,
  type Checked,
  lax,
  missing,
  no,
  notFinite,
  ok,
  outOfBounds,
  plural,
  report,
} from './lax.ts'
import { markDecimal } from './marks.ts'

const within = (value: number, bounds: Bounds): Checked<number> =>
  outOfBounds(bounds, (bound) => Math.sign(value - bound)) ?? ok(value)

export interface TextRules {
  readonly minLength?: number
  readonly maxLength?: number
  /** As the contract writes it; searched for, not anchored, unless it anchors itself. */
  readonly pattern?: string
}

/** What is wrong with a text of any kind: no database keeps U+0000, and half of a surrogate pair is no character. */
const unkept = (value: string): { readonly refused: Refusal } | undefined => {
  if (!value.isWellFormed())
    return no('string_unicode', 'Input should be a valid string, unable to parse raw data as a unicode string')
  return value.includes('\0') ? no('value_error', 'Value error, a text cannot hold the character U+0000') : undefined
}

/** `str`: text only; a number is refused. Lengths are in code points, as Python counts. */
export const text = (rules: TextRules = {}) => {
  const { minLength, maxLength } = rules
  const pattern = rules.pattern === undefined ? undefined : new RegExp(rules.pattern, 'u')
  return lax(
    (input): Checked<string> => {
      if (typeof input !== 'string') return no('string_type', 'Input should be a valid string')
      const wrong = unkept(input)
      if (wrong) return wrong
      const length = minLength === undefined && maxLength === undefined ? 0 : [...input].length
      if (maxLength !== undefined && length > maxLength)
        return no('string_too_long', `String should have at most ${plural(maxLength, 'character')}`, {
          max_length: maxLength,
        })
      if (minLength !== undefined && length < minLength)
        return no('string_too_short', `String should have at least ${plural(minLength, 'character')}`, {
          min_length: minLength,
        })
      if (pattern && !pattern.test(input))
        return no('string_pattern_mismatch', `String should match pattern '${rules.pattern}'`, {
          pattern: rules.pattern,
        })
      return ok(input)
    },
    {
      type: 'string',
      ...(minLength === undefined ? {} : { minLength }),
      ...(maxLength === undefined ? {} : { maxLength }),
      ...(rules.pattern === undefined ? {} : { pattern: rules.pattern }),
    },
  )
}

const intText = /^[+-]?\d+(?:_\d+)*(?:\.0+)?$/

const toInteger = (input: unknown): Checked<number> => {
  if (typeof input === 'boolean') return ok(Number(input))
  if (typeof input === 'number') {
    if (!Number.isFinite(input)) return notFinite
    if (!Number.isInteger(input))
      return no('int_from_float', 'Input should be a valid integer, got a number with a fractional part')
    return exact(input)
  }
  if (typeof input !== 'string') return no('int_type', 'Input should be a valid integer')
  const trimmed = input.trim()
  if (!intText.test(trimmed))
    return no('int_parsing', 'Input should be a valid integer, unable to parse string as an integer')
  return exact(Number(trimmed.replaceAll('_', '')))
}

/** Python's integers have no limit; beyond 2^53 one would be silently another number here. */
const exact = (value: number): Checked<number> =>
  Number.isSafeInteger(value)
    ? ok(value === 0 ? 0 : value)
    : no('int_parsing_size', 'Unable to parse input string as an integer, exceeded maximum size')

/** `int`: also `"5"`, `5.0`, `true`. */
export const integer = (bounds: Bounds = {}) =>
  lax(
    (input) => {
      const checked = toInteger(input)
      return 'value' in checked ? within(checked.value, bounds) : checked
    },
    { type: 'integer', ...boundsSchema(bounds) },
  )

const floatText = /^[+-]?(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:[eE][+-]?\d+)?$/

const toFloat = (input: unknown): Checked<number> => {
  if (typeof input === 'boolean') return ok(Number(input))
  if (typeof input === 'number') return Number.isFinite(input) ? ok(input) : notFinite
  if (typeof input !== 'string') return no('float_type', 'Input should be a valid number')
  const trimmed = input.trim()
  if (/^[+-]?(?:nan|inf|infinity)$/i.test(trimmed)) return notFinite
  if (!floatText.test(trimmed))
    return no('float_parsing', 'Input should be a valid number, unable to parse string as a number')
  const value = Number(trimmed.replaceAll('_', ''))
  return Number.isFinite(value) ? ok(value) : notFinite
}

/** `float`: also numeric text and booleans. NaN and infinities are refused: no reply could carry them. */
export const float = (bounds: Bounds = {}) =>
  lax(
    (input) => {
      const checked = toFloat(input)
      return 'value' in checked ? within(checked.value, bounds) : checked
    },
    { type: 'number', ...boundsSchema(bounds) },
  )

const truths = new Map<unknown, boolean>([
  ...['true', 't', 'yes', 'y', 'on', '1', 1, true].map((word) => [word, true] as const),
  ...['false', 'f', 'no', 'n', 'off', '0', 0, false].map((word) => [word, false] as const),
])

/** `bool`: also 0, 1 and the words of query strings. */
export const bool = () =>
  lax(
    (input): Checked<boolean> => {
      const value = truths.get(typeof input === 'string' ? input.toLowerCase() : input)
      if (value !== undefined) return ok(value)
      return typeof input === 'string' || typeof input === 'number'
        ? no('bool_parsing', 'Input should be a valid boolean, unable to interpret input')
        : no('bool_type', 'Input should be a valid boolean')
    },
    { type: 'boolean' },
  )

/** `Decimal`: a number or text in, Python's decimal text out (`0.1`, `0.00100`, `1E-9`). */
export const decimal = (bounds: Bounds = {}) => {
  const schema = lax(
    (input): Checked<string> => {
      if (typeof input === 'number' && !Number.isFinite(input)) return notFinite
      if (typeof input !== 'number' && typeof input !== 'string')
        return no('decimal_type', 'Decimal input should be an integer, float, string or Decimal object')
      if (typeof input === 'string' && /^[+-]?(?:s?nan\d*|inf|infinity)$/i.test(input.trim())) return notFinite
      const value = typeof input === 'number' ? decimalOfFloat(input) : pythonDecimal(input)
      if (value === undefined) return no('decimal_parsing', 'Input should be a valid decimal')
      return outOfBounds(bounds, (bound) => compareDecimals(value, decimalOfFloat(bound))) ?? ok(value)
    },
    { anyOf: [{ type: 'number', ...boundsSchema(bounds) }, { type: 'string' }] },
  )
  return markDecimal(schema)
}

const oneOf = <const V extends readonly [string, ...string[]]>(type: 'literal_error' | 'enum', values: V) => {
  const expected = expectedText(values)
  return lax(
    (input): Checked<V[number]> => {
      const value = values.find((allowed) => allowed === input)
      return value === undefined ? no(type, `Input should be ${expected}`, { expected }) : ok(value)
    },
    { type: 'string', enum: [...values] },
  )
}

/** `Literal[…]` */
export const literal = <const V extends readonly [string, ...string[]]>(...values: V) => oneOf('literal_error', values)

/** A string `Enum`: as `literal`, with pydantic's other type word. */
export const enumeration = <const V extends readonly [string, ...string[]]>(...values: V) => oneOf('enum', values)

/** `Any`: whatever JSON can say and a database keeps; NaN and infinities cannot be said. */
export const anything = () =>
  z.unknown().superRefine((input, context) => {
    if (input === undefined) report(context, missing.refused)
    else for (const { refused, path } of flawsIn(input, []).slice(0, MOST_ITEMS)) report(context, refused, path)
  })

interface FoundFlaw {
  readonly refused: Refusal
  readonly path: PropertyKey[]
}

const flawsIn = (value: unknown, path: PropertyKey[]): FoundFlaw[] => {
  if (typeof value === 'number') return Number.isFinite(value) ? [] : [{ ...notFinite, path }]
  if (typeof value === 'string') return flawOf(value, path)
  if (typeof value !== 'object' || value === null) return []
  if (Array.isArray(value)) return value.flatMap((inner, index) => flawsIn(inner, [...path, index]))
  return Object.entries(value).flatMap(([name, inner]) => {
    const here = [...path, name]
    return [...flawOf(name, here), ...flawsIn(inner, here)]
  })
}

const flawOf = (text: string, path: PropertyKey[]): FoundFlaw[] => {
  const wrong = unkept(text)
  return wrong ? [{ ...wrong, path }] : []
}
