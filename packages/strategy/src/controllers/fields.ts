import { z } from 'zod'
import type { Exact } from '../numbers/exact.ts'
import type { ControllerType } from './controller.ts'
import { blankAs, bool, decimal, is, isObject, type Kind, oneOf, REFUSED, type Refusal, text } from './fields-kinds.ts'
import { initialPositions } from './fields-models.ts'

/** Every bound is inclusive or not as its name says; of a list, of each item. */
export interface Bounds {
  readonly gt?: number
  readonly ge?: number
  readonly lt?: number
  readonly le?: number
}

export interface FieldFlags extends Bounds {
  /** May be changed while the controller runs. */
  readonly updatable?: true
  /** Is asked for when a configuration is made by hand. */
  readonly prompt?: true
}

/** What a template tells about a field besides its type. */
export interface FieldMeta extends FieldFlags {
  /** As in configuration templates: `Decimal`, `Optional[int]`, `List[float]`. */
  readonly type: string
  /** As a user would write it, not parsed yet; absent where a value must be given. */
  readonly default?: unknown
  /** The default is made anew each time, and templates do not show it. */
  readonly hidden?: true
}

/** Keeps what a template tells of a field beside its schema. */
export const FIELD_META = z.registry<FieldMeta>()

export type Field<T> = z.ZodType<T>
export type Fields = Readonly<Record<string, Field<unknown>>>

/** The schema of a controller's configuration: every field with its default, each default parsed like any other value. */
export type ControllerSchema<Config> = z.ZodType<Config>

export const UPDATABLE = { updatable: true } as const
export const PROMPT = { prompt: true } as const
export const UPDATABLE_PROMPT = { updatable: true, prompt: true } as const

const refusalOf = (issue: z.core.$ZodIssue): Refusal =>
  issue.code === 'custom' && isObject(issue.params) && typeof issue.params['type'] === 'string'
    ? {
        type: issue.params['type'],
        msg: issue.message,
        ...(isObject(issue.params['ctx']) ? { ctx: issue.params['ctx'] } : {}),
      }
    : { type: 'value_error', msg: `Value error, ${issue.message}` }

const isExact = (value: unknown): value is Exact => isObject(value) && typeof value['hi'] === 'number'

const outOfBounds = (value: unknown, { le, lt, ge, gt }: Bounds): Refusal | undefined => {
  const size = isExact(value) ? value.hi : value
  if (typeof size !== 'number') return undefined
  if (le !== undefined && size > le)
    return { type: 'less_than_equal', msg: `Input should be less than or equal to ${le}`, ctx: { le } }
  if (lt !== undefined && size >= lt) return { type: 'less_than', msg: `Input should be less than ${lt}`, ctx: { lt } }
  if (ge !== undefined && size < ge)
    return { type: 'greater_than_equal', msg: `Input should be greater than or equal to ${ge}`, ctx: { ge } }
  if (gt !== undefined && size <= gt)
    return { type: 'greater_than', msg: `Input should be greater than ${gt}`, ctx: { gt } }
  return undefined
}

const EXTRA: Refusal = { type: 'extra_forbidden', msg: 'Extra inputs are not permitted' }

/** The form in which contracts' validation errors are read from zod issues: the type and its context beside the words. */
const report = (context: z.RefinementCtx, refusal: Refusal, path: readonly PropertyKey[] = []): void => {
  const { type, msg, ctx } = refusal
  context.addIssue({ code: 'custom', message: msg, path: [...path], params: { type, ...(ctx ? { ctx } : {}) } })
}

/**
 * One field: what it can hold, what it is when it is left out (written as a user would write it), and its flags and
 * bounds.
 */
export const field = <T>(
  kind: Kind<T>,
  otherwise: unknown,
  flags: FieldFlags & Pick<FieldMeta, 'hidden'> = {},
): Field<T> => described(parsed(kind, flags).prefault(otherwise), { type: kind.type, default: otherwise, ...flags })

/** A field that must be given. */
export const required = <T>(kind: Kind<T>, flags: FieldFlags = {}): Field<T> =>
  described(parsed(kind, flags), { type: kind.type, ...flags })

const parsed = <T>(kind: Kind<T>, bounds: Bounds) =>
  z.unknown().transform((input, context): T => {
    if (input === undefined) {
      report(context, { type: 'missing', msg: 'Field required' })
      return z.NEVER
    }
    const value = kind.parse(input, (refusal, path) => {
      report(context, refusal, path)
      return REFUSED
    })
    if (!is(value)) return z.NEVER
    const refusal = outOfBounds(value, bounds)
    if (refusal) report(context, refusal)
    return value
  })

const described = <T>(schema: Field<T>, meta: FieldMeta): Field<T> => {
  FIELD_META.add(schema, meta)
  return schema
}

/** What is wrong between fields: which one is to blame, and why. */
export interface Wrong {
  readonly field: string
  readonly why: string
}

type Values<F extends Fields> = { readonly [K in keyof F]: z.output<F[K]> }

/** What a kind of controllers has in common. */
export interface Base<F extends Fields> {
  readonly type: ControllerType
  readonly fields: F
  /** What must hold between its fields. */
  readonly wrong?: (config: Values<F>) => readonly Wrong[]
}

const common = <T extends ControllerType>(name: string, type: T) => ({
  /** A configuration without a name has its controller's. */
  id: required(blankAs(name, text)),
  controller_name: field(text, name),
  controller_type: field(oneOf(type), type),
  total_amount_quote: field(decimal, '100', UPDATABLE_PROMPT),
  manual_kill_switch: field(bool, false, UPDATABLE),
  initial_positions: field(initialPositions, []),
})

type Common = ReturnType<typeof common<ControllerType>>

/** The configuration of a controller: the fields of all, then those of its base, then its own. */
export type ConfigOf<B extends Fields, O extends Fields> = Values<
  Omit<Common, keyof B | keyof O> & Omit<B, keyof O> & O
>

const SHAPES = z.registry<Readonly<Record<string, FieldMeta>>>()

/** What a configuration has: its fields by name, in their order. Undefined for a schema that is not of this form. */
export const fieldsOf = <C>(schema: ControllerSchema<C>): Readonly<Record<string, FieldMeta>> | undefined =>
  SHAPES.get(schema)

/** The base of controllers that have nothing in common. */
export const GENERIC: Base<Record<never, never>> = { type: 'generic', fields: {} }

/**
 * The schema of a controller's configuration: the fields of all, of its base and its own, where one of the same name
 * takes the place of the base's. A field that it does not have is refused. Every issue has its field as path.
 */
export const controllerConfig = <B extends Fields, O extends Fields>(
  name: string,
  base: Base<B>,
  own: O,
  wrong: (config: ConfigOf<B, O>) => readonly Wrong[] = () => [],
): ControllerSchema<ConfigOf<B, O>> => {
  const fields: Fields = { ...common(name, base.type), ...base.fields, ...own }
  const object = z.object(fields)
  const schema = z.unknown().transform((input, context): ConfigOf<B, O> => {
    if (!isObject(input)) {
      report(context, { type: 'dict_type', msg: 'Input should be a valid dictionary' })
      return z.NEVER
    }
    const result = object.safeParse(input)
    for (const issue of result.error?.issues ?? []) report(context, refusalOf(issue), issue.path)
    const unknown = Object.keys(input).filter((field) => !Object.hasOwn(fields, field))
    for (const field of unknown) report(context, EXTRA, [field])
    if (!result.success || unknown.length > 0) return z.NEVER
    const config = result.data as Values<B> & ConfigOf<B, O>
    for (const { field, why } of [...(base.wrong?.(config) ?? []), ...wrong(config)])
      report(context, { type: 'value_error', msg: `Value error, ${why}` }, [field])
    return config
  })
  const meta = Object.entries(fields).map(([field, of]) => [field, FIELD_META.get(of)] as const)
  SHAPES.add(schema, Object.fromEntries(meta.flatMap(([field, of]) => (of ? [[field, of]] : []))))
  return schema
}
