import { z } from 'zod'
import { type IssueParams, type Refusal, refusalOf } from './issues.ts'

/** A type that parses `unknown` as pydantic's lax mode would. */
export type Lax<T> = z.ZodType<T, unknown>

export interface Bounds {
  readonly gt?: number
  readonly ge?: number
  readonly lt?: number
  readonly le?: number
}

export type Checked<T> = { readonly value: T } | { readonly refused: Refusal }

export const ok = <T>(value: T): Checked<T> => ({ value })
export const no = (type: string, msg: string, ctx?: Refusal['ctx']): { refused: Refusal } => ({
  refused: { type, msg, ...(ctx ? { ctx } : {}) },
})

export const missing = no('missing', 'Field required')
export const notFinite = no('finite_number', 'Input should be a finite number')

export type JsonSchema = Readonly<Record<string, unknown>>

export const report = (
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

export const lax = <T>(check: (input: unknown) => Checked<T>, schema: JsonSchema) =>
  z
    .unknown()
    .transform((input, context): T => {
      const checked = input === undefined ? missing : check(input)
      if ('value' in checked) return checked.value
      report(context, checked.refused)
      return z.NEVER
    })
    .meta(schema)

export const boundsSchema = (bounds: Bounds): JsonSchema => ({
  ...(bounds.gt === undefined ? {} : { exclusiveMinimum: bounds.gt }),
  ...(bounds.ge === undefined ? {} : { minimum: bounds.ge }),
  ...(bounds.lt === undefined ? {} : { exclusiveMaximum: bounds.lt }),
  ...(bounds.le === undefined ? {} : { maximum: bounds.le }),
})

/** `compare` gives the order of the value against a bound. Pydantic checks le, lt, ge, gt in this order and stops at the first. */
export const outOfBounds = (bounds: Bounds, compare: (bound: number) => number): { refused: Refusal } | undefined => {
  const { le, lt, ge, gt } = bounds
  if (le !== undefined && compare(le) > 0)
    return no('less_than_equal', `Input should be less than or equal to ${le}`, { le })
  if (lt !== undefined && compare(lt) >= 0) return no('less_than', `Input should be less than ${lt}`, { lt })
  if (ge !== undefined && compare(ge) < 0)
    return no('greater_than_equal', `Input should be greater than or equal to ${ge}`, { ge })
  if (gt !== undefined && compare(gt) <= 0) return no('greater_than', `Input should be greater than ${gt}`, { gt })
  return undefined
}

export const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

/** Parses a part of a value, its refusals reported under the part's path. */
export const forward = <T>(inner: Lax<T>, input: unknown, path: PropertyKey[], context: z.RefinementCtx): T => {
  const parsed = inner.safeParse(input)
  if (parsed.success) return parsed.data
  for (const issue of parsed.error.issues) {
    const refusal = refusalOf(issue)
    report(context, refusal, [...path, ...issue.path], refusal.input)
  }
  return z.NEVER
}

/** What OpenAPI shows of a type that stands inside another. */
export const jsonSchema = (schema: z.core.$ZodType) => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
  return rest
}
