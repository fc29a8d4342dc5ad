import type { z } from 'zod'

/** One item of a 422 reply, as pydantic writes it. `ctx` is absent where pydantic has none. */
export interface ValidationItem {
  readonly type: string
  readonly loc: readonly (string | number)[]
  readonly msg: string
  readonly input: unknown
  readonly ctx?: Readonly<Record<string, unknown>>
}

/** More are said of no request: a list of a hundred thousand wrong items has no reader, and is no quick reply. */
export const MOST_ITEMS = 100

/** What a lax type says of a value it refuses. */
export interface Refusal {
  readonly type: string
  readonly msg: string
  readonly ctx?: Readonly<Record<string, unknown>>
}

/** `'BUY' or 'SELL'`, `'a', 'b' or 'c'`: how pydantic lists what it expected. */
export const expectedText = (values: readonly (string | number)[]): string => {
  const quoted = values.map((value) => (typeof value === 'string' ? `'${value}'` : String(value)))
  const last = quoted.at(-1) ?? ''
  return quoted.length < 2 ? last : `${quoted.slice(0, -1).join(', ')} or ${last}`
}

/** Names a refusal carries inside a zod issue. `input` is given only where the issue's path is not a path into the value (unions). */
export interface IssueParams {
  readonly type: string
  readonly ctx?: Readonly<Record<string, unknown>>
  readonly input?: { readonly value: unknown }
}

const isParams = (params: unknown): params is IssueParams =>
  typeof params === 'object' && params !== null && 'type' in params && typeof params.type === 'string'

const key = (part: PropertyKey): string | number => (typeof part === 'symbol' ? String(part) : part)

const valueAt = (root: unknown, path: readonly (string | number)[]): unknown => {
  let value = root
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined
    value = (value as Readonly<Record<string | number, unknown>>)[part]
  }
  return value
}

/** What a zod issue means in pydantic's words; a union's issue brings its own input. */
export const refusalOf = (issue: z.core.$ZodIssue): Refusal & Pick<IssueParams, 'input'> => {
  if (issue.code === 'custom' && isParams(issue.params)) {
    const { type, ctx, input } = issue.params
    return { type, msg: issue.message, ...(ctx ? { ctx } : {}), ...(input ? { input } : {}) }
  }
  if (issue.code === 'invalid_type' && issue.expected === 'object') {
    return {
      type: 'model_attributes_type',
      msg: 'Input should be a valid dictionary or object to extract fields from',
    }
  }
  return { type: 'value_error', msg: `Value error, ${issue.message}` }
}

/**
 * A zod error of a schema made of lax types, as pydantic's list. `root` is the value that was parsed. A missing field has
 * the object it is missing from as its input.
 */
export const validationItems = (error: z.ZodError, root: unknown): ValidationItem[] =>
  error.issues.map((issue) => {
    const loc = issue.path.map(key)
    const { type, msg, ctx, input } = refusalOf(issue)
    const value = input ? input.value : valueAt(root, type === 'missing' ? loc.slice(0, -1) : loc)
    return { type, loc, msg, input: value ?? null, ...(ctx ? { ctx } : {}) }
  })
