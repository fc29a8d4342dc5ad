import { z } from 'zod'
import { MOST_ITEMS, type Refusal, type ValidationItem, validationItems } from './issues.ts'
import { forward, jsonSchema, type Lax, missing, no, plural, report } from './lax.ts'
import { markList, markReshaped, marksOf } from './marks.ts'
import { anything, text } from './scalars.ts'

/** Of a member. */
const nameText = text()

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
        eachUntilRefused(Object.entries(input), context, ([name, value]) => {
          forward(nameText, name, [name], context)
          return [name, forward(inner, value, [name], context)]
        }),
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
      return eachUntilRefused<unknown, T>(input, context, (item, index) => forward(inner, item, [index], context))
    })
    .meta({
      type: 'array',
      // Read when the OpenAPI document is built, not at every start.
      get items() {
        return jsonSchema(inner)
      },
    })
  return markList(schema)
}

/** `map` that ends where enough is wrong for a reply. */
const eachUntilRefused = <A, B>(
  items: readonly A[],
  { issues }: z.RefinementCtx,
  parse: (item: A, index: number) => B,
): B[] => {
  const parsed: B[] = []
  for (const [index, item] of items.entries()) {
    if (issues.length >= MOST_ITEMS) break
    parsed.push(parse(item, index))
  }
  return parsed
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
  return marksOf(inner, schema).default(null)
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
 * one item per refusal, its `loc` naming the branch (`str`, `dict[any,any]`); but a branch that refuses only parts of the
 * value is the one that was meant, and its items stand alone, at their places.
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
      const refusals = parsed.flatMap(({ label, result }) =>
        result.success ? [] : [{ label, items: validationItems(result.error, input) }],
      )
      const meant = refusals.find(({ items }) => items.every(({ loc }) => loc.length > 0))
      if (meant) reportItems(meant.items, [], context)
      else for (const { label, items } of refusals) reportItems(items, [label], context)
      return z.NEVER
    })
    .meta({
      get anyOf() {
        return Object.values(branches).map(jsonSchema)
      },
    })

/** `inner`, of what `reshape` makes of a value: a refusal tells the places and the values that are there. */
export const reshaped = <T extends z.core.$ZodType>(reshape: (input: unknown) => unknown, inner: T) =>
  markReshaped(z.preprocess(reshape, inner), reshape)

/** Items whose input is not what stands at their place. */
const reportItems = (items: readonly ValidationItem[], path: PropertyKey[], context: z.RefinementCtx): void => {
  for (const item of items) report(context, item, [...path, ...item.loc], { value: item.input })
}

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
