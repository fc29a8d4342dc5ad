/** Whatever JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

/** What a trial changes in the configuration: a value for each field searched. */
export type Parameters = Readonly<Record<string, Json>>

/** Characters of a field's name. It also bounds how deep a name can lead. */
const LONGEST_NAME = 200

/**
 * The places a field's name leads through: `triple_barrier_config.take_profit`, `buy_spreads.0` or `buy_spreads[0]`.
 * Undefined for a name with an empty part, or of more than 200 characters.
 */
export const fieldPath = (field: string): readonly string[] | undefined => {
  if (field.length > LONGEST_NAME) return undefined
  const parts = field.replaceAll(/\[(\d+)\]/g, '.$1').split('.')
  return parts.every((part) => part !== '') ? parts : undefined
}

const isIndex = (part: string): boolean => /^\d+$/.test(part)

type Assigned = { readonly value: Json } | { readonly wrong: string }

const intoList = (list: readonly Json[], index: number, rest: readonly string[], value: Json): Assigned => {
  if (index >= list.length) return { wrong: `has ${list.length} elements; the last is ${list.length - 1}` }
  const inner = assign(list[index] ?? null, rest, value)
  return 'wrong' in inner ? inner : { value: list.with(index, inner.value) }
}

/** `target` with `value` at `path`. The elements of a text such as `0.01,0.02` can be set like those of a list. */
const assign = (target: Json | undefined, path: readonly string[], value: Json): Assigned => {
  const [first, ...rest] = path
  if (first === undefined) return { value }
  if (isIndex(first)) {
    if (Array.isArray(target)) return intoList(target, Number(first), rest, value)
    if (typeof target === 'string') {
      const inner = intoList(target.split(','), Number(first), rest, value)
      if ('wrong' in inner || !Array.isArray(inner.value)) return inner
      return { value: inner.value.map((element) => String(element).trim()).join(',') }
    }
    if (typeof target === 'number') return intoList([target], Number(first), rest, value)
    return { wrong: 'is no list in the configuration; give the list there, so that its elements can be set' }
  }
  const members = target ?? {}
  if (typeof members !== 'object' || Array.isArray(members)) return { wrong: 'is no object in the configuration' }
  const before = Object.entries(members)
  const inner = assign(before.find(([name]) => name === first)?.[1], rest, value)
  if ('wrong' in inner) return inner
  const others = before.filter(([name]) => name !== first)
  return { value: Object.fromEntries([...others, [first, inner.value]]) }
}

/** The configuration of a trial, or the field that has no place in it and why. */
export const withParameters = (
  config: Readonly<Record<string, Json>>,
  parameters: Parameters,
): { readonly config: Readonly<Record<string, Json>> } | { readonly field: string; readonly wrong: string } => {
  let result: Json = config
  for (const [field, value] of Object.entries(parameters)) {
    const path = fieldPath(field)
    if (path === undefined) return { field, wrong: 'is no name of a field' }
    const assigned = assign(result, path, value)
    if ('wrong' in assigned) return { field, wrong: assigned.wrong }
    result = assigned.value
  }
  return { config: result as Readonly<Record<string, Json>> }
}

/** Whether a configuration, once read by its schema, has the field at all: a misspelt one would be ignored silently. */
export const hasField = (config: unknown, field: string): boolean => {
  let value = config
  for (const part of fieldPath(field) ?? []) {
    // An element of what was written as a list and is something else once it is read.
    if (isIndex(part) && !Array.isArray(value)) return value !== config
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return false
    value = (value as Readonly<Record<string, unknown>>)[part]
  }
  return value !== config
}
