import { z } from 'zod'
import { compareDecimals, decimalOfFloat, pythonDecimal } from './decimal-text.ts'
import { expectedText, type IssueParams, type Refusal, refusalOf, validationItems } from './issues.ts'

/**
 * Types that read a request as FastAPI with pydantic's lax mode does: what it coerces is coerced, what it refuses is
 * refused with its words. Each parses `unknown` and gives the coerced value; a missing field is refused with `missing`,
 * so a field is optional through `nullable(…)` or `.default(…)` only.
 */
export type Lax<T> = z.ZodType<T, unknown>

export interface Bounds {
  readonly gt?: number
  readonly ge?: number
  readonly lt?: number
  readonly le?: number
}

type Checked<T> = { readonly value: T } | { readonly refused: Refusal }

const ok = <T>(value: T): Checked<T> => ({ value })
const no = (type: string, msg: string, ctx?: Refusal['ctx']): { refused: Refusal } => ({
  refused: { type, msg, ...(ctx ? { ctx } : {}) },
})

const missing = no('missing', 'Field required')
const notFinite = no('finite_number', 'Input should be a finite number')

type JsonSchema = Readonly<Record<string, unknown>>

const report = (
  context: z.RefinementCtx,
  refusal: Refusal,
  path: PropertyKey[] = [],
  input?: IssueParams['input'],
): void =>
  context.addIssue({
    code: 'custom',
    message: refusal.msg,
    path,
    params: {
      type: refusal.type,
      ...(refusal.ctx ? { ctx: refusal.ctx } : {}),
      ...(input ? { input } : {}),
    } satisfies IssueParams,
  })

const lax = <T>(check: (input: unknown) => Checked<T>, schema: JsonSchema) =>
  z
    .unknown()
    .transform((input, context): T => {
      const checked = input === undefined ? missing : check(input)
      if ('value' in checked) return checked.value
      report(context, checked.refused)
      return z.NEVER
    })
    .meta(schema)

const boundsSchema = (bounds: Bounds): JsonSchema => ({
  ...(bounds.gt === undefined ? {} : { exclusiveMinimum: bounds.gt }),
  ...(bounds.ge === undefined ? {} : { minimum: bounds.ge }),
  ...(bounds.lt === undefined ? {} : { exclusiveMaximum: bounds.lt }),
  ...(bounds.le === undefined ? {} : { maximum: bounds.le }),
})

/** `compare` gives the order of the value against a bound. Pydantic checks le, lt, ge, gt in this order and stops at the first. */
const outOfBounds = (bounds: Bounds, compare: (bound: number) => number): { refused: Refusal } | undefined => {
  const { le, lt, ge, gt } = bounds
  if (le !== undefined && compare(le) > 0)
    return no('less_than_equal', `Input should be less than or equal to ${le}`, { le })
  if (lt !== undefined && compare(lt) >= 0) return no('less_than', `Input should be less than ${lt}`, { lt })
  if (ge !== undefined && compare(ge) < 0)
    return no('greater_than_equal', `Input should be greater than or equal to ${ge}`, { ge })
  if (gt !== undefined && compare(gt) <= 0) return no('greater_than', `Input should be greater than ${gt}`, { gt })
  return undefined
}

const within = (value: number, bounds: Bounds): Checked<number> =>
  outOfBounds(bounds, (bound) => Math.sign(value - bound)) ?? ok(value)

export interface TextRules {
  readonly minLength?: number
  readonly maxLength?: number
  /** As the contract writes it; searched for, not anchored, unless it anchors itself. */
  readonly pattern?: string
}

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

/** `str`: text only; a number is refused. Lengths are in code points, as Python counts. */
export const text = (rules: TextRules = {}) => {
  const { minLength, maxLength } = rules
  const pattern = rules.pattern === undefined ? undefined : new RegExp(rules.pattern, 'u')
  return lax(
    (input): Checked<string> => {
      if (typeof input !== 'string') return no('string_type', 'Input should be a valid string')
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

const decimals = new WeakSet<object>()
const lists = new WeakSet<object>()

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
  decimals.add(schema)
  return schema
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

/** `Any`: whatever JSON can say; NaN and infinities cannot be said. */
export const anything = () =>
  z.unknown().superRefine((input, context) => {
    if (input === undefined) report(context, missing.refused)
    else for (const path of nonFinite(input, [])) report(context, notFinite.refused, path)
  })

const nonFinite = (value: unknown, path: PropertyKey[]): PropertyKey[][] => {
  if (typeof value === 'number') return Number.isFinite(value) ? [] : [path]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) =>
    nonFinite(inner, [...path, Array.isArray(value) ? Number(name) : name]),
  )
}

const isDictionary = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** `dict[str, T]`; without an argument a free-form `dict`. */
export function dict(): Lax<Record<string, unknown>>
export function dict<T>(inner: Lax<T>): Lax<Record<string, T>>
export function dict(inner: Lax<unknown> = anything()): Lax<Record<string, unknown>> {
  return z
    .unknown()
    .transform((input, context): Record<string, unknown> => {
      if (!isDictionary(input)) {
        const refused = input === undefined ? missing : no('dict_type', 'Input should be a valid dictionary')
        report(context, refused.refused)
        return z.NEVER
      }
      // Entries, not assignment: a client may well send a member named __proto__.
      return Object.fromEntries(
        Object.entries(input).map(([name, value]) => [name, forward(inner, value, [name], context)]),
      )
    })
    .meta({ type: 'object', additionalProperties: true })
}

export interface ListRules {
  readonly minLength?: number
  readonly maxLength?: number
}

/** `list[T]`. In a query every occurrence of the name is an item. */
export const list = <T>(inner: Lax<T>, rules: ListRules = {}): Lax<T[]> => {
  const schema = z
    .unknown()
    .transform((input, context): T[] => {
      if (!Array.isArray(input)) {
        const refused = input === undefined ? missing : no('list_type', 'Input should be a valid list')
        report(context, refused.refused)
        return z.NEVER
      }
      const size = tooManyOrFew(input.length, rules)
      if (size) {
        report(context, size.refused)
        return z.NEVER
      }
      return input.map((item: unknown, index) => forward(inner, item, [index], context))
    })
    .meta({
      type: 'array',
      // Read when the OpenAPI document is built, not at every start.
      get items() {
        return jsonSchema(inner)
      },
    })
  lists.add(schema)
  return schema
}

const jsonSchema = (schema: z.core.$ZodType) => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
  return rest
}

const tooManyOrFew = (actual: number, { minLength, maxLength }: ListRules): { refused: Refusal } | undefined => {
  const words = (bound: number, way: string) =>
    `List should have at ${way} ${plural(bound, 'item')} after validation, not ${actual}`
  const counts = { field_type: 'List', actual_length: actual }
  if (minLength !== undefined && actual < minLength)
    return no('too_short', words(minLength, 'least'), { ...counts, min_length: minLength })
  if (maxLength !== undefined && actual > maxLength)
    return no('too_long', words(maxLength, 'most'), { ...counts, max_length: maxLength })
  return undefined
}

const forward = <T>(inner: Lax<T>, input: unknown, path: PropertyKey[], context: z.RefinementCtx): T => {
  const parsed = inner.safeParse(input)
  if (parsed.success) return parsed.data
  for (const issue of parsed.error.issues) {
    const refusal = refusalOf(issue)
    report(context, refusal, [...path, ...issue.path], refusal.input)
  }
  return z.NEVER
}

/** `Optional[T] = None` */
export const nullable = <T>(inner: Lax<T>) => {
  const schema = z
    .unknown()
    .transform((input, context): T | null => (input === null ? null : forward(inner, input, [], context)))
    .meta({
      get anyOf() {
        return [jsonSchema(inner), { type: 'null' }]
      },
    })
  if (lists.has(inner)) lists.add(schema)
  if (decimals.has(inner)) decimals.add(schema)
  return schema.default(null)
}

/** A pydantic model: unknown fields are ignored, fields are checked in the order they are written. */
export const model = <Shape extends z.core.$ZodLooseShape>(shape: Shape) => z.object(shape)

/** A custom validator: `check` says what is wrong in plain words, or nothing. */
export const rule = <T>(inner: Lax<T>, check: (value: T) => string | undefined) =>
  inner.superRefine((value, context) => {
    const wrong = check(value)
    if (wrong !== undefined) report(context, { type: 'value_error', msg: `Value error, ${wrong}` })
  })

/**
 * A pydantic union. The branch that takes the value as it is wins over one that coerces it. When none takes it there is
 * one item per refusal, its `loc` naming the branch (`str`, `dict[any,any]`).
 */
export const union = <T>(branches: Readonly<Record<string, Lax<T>>>): Lax<T> =>
  z
    .unknown()
    .transform((input, context): T => {
      if (input === undefined) {
        report(context, missing.refused)
        return z.NEVER
      }
      const parsed = Object.entries(branches).map(([label, branch]) => ({ label, result: branch.safeParse(input) }))
      const taken = parsed.flatMap(({ result }) => (result.success ? [result.data] : []))
      const best = taken.find((value) => typeof value === typeof input) ?? taken[0]
      if (best !== undefined) return best
      for (const { label, result } of parsed) {
        if (result.success) continue
        for (const item of validationItems(result.error, input))
          report(context, item, [label, ...item.loc], { value: item.input })
      }
      return z.NEVER
    })
    .meta({
      get anyOf() {
        return Object.values(branches).map(jsonSchema)
      },
    })

/** One of two models, told apart by a look at the value: what is wrong is said in the words of that one alone. */
export const either = <A, B>(isFirst: (input: unknown) => boolean, first: Lax<A>, second: Lax<B>): Lax<A | B> =>
  z
    .unknown()
    .transform((input, context): A | B =>
      isFirst(input) ? forward(first, input, [], context) : forward(second, input, [], context),
    )
    .meta({
      get anyOf() {
        return [second, first].map(jsonSchema)
      },
    })

const unwrap = (schema: z.core.$ZodType): z.core.$ZodType =>
  schema instanceof z.ZodDefault || schema instanceof z.ZodOptional ? unwrap(schema.unwrap()) : schema

/** True when a query parameter of this type takes every occurrence of its name. */
export const isList = (schema: z.core.$ZodType): boolean => lists.has(unwrap(schema))

/** True when the exact text of a JSON number matters: `1.0` stays `1.0`. */
export const isDecimal = (schema: z.core.$ZodType): boolean => decimals.has(unwrap(schema))
