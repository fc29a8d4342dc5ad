import type { JsonSchema } from '../contract-routes/contract.ts'
import { resolved } from '../contract-routes/contract.ts'
import type { Target } from '../contract-routes/targets.ts'

/** A place in a request that takes a text. */
export interface NameParameter {
  readonly target: Target
  readonly in: 'path' | 'query' | 'body'
  readonly name: string
  /** Whether the body wants a list of texts there. */
  readonly many: 'one' | 'list'
}

const objectOf = (value: unknown): JsonSchema =>
  typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {}

/** `one` or `list` where the schema takes a text or several. */
const takes = (given: unknown): NameParameter['many'] | undefined => {
  const schema = resolved(objectOf(given))
  const choices = schema['anyOf'] ?? schema['oneOf']
  if (Array.isArray(choices)) return choices.map(takes).find((found) => found !== undefined)
  if (schema['type'] === 'string') return 'one'
  return schema['type'] === 'array' && takes(schema['items']) === 'one' ? 'list' : undefined
}

/** Every text of a route's path, query and body. */
export const nameParameters = (target: Target): readonly NameParameter[] => {
  const inPath = [...target.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({ name, many: 'one' as const }))
  const inQuery = target.query.map(([name, schema]) => ({ name, many: takes(schema) }))
  const properties = Object.entries(objectOf(target.body === undefined ? {} : resolved(target.body)['properties']))
  const inBody = properties.map(([name, schema]) => ({ name, many: takes(schema) }))
  const found = (
    place: NameParameter['in'],
    list: readonly { name: string; many: NameParameter['many'] | undefined }[],
  ) =>
    list.flatMap(({ name, many }): NameParameter[] => (many === undefined ? [] : [{ target, in: place, name, many }]))
  return [...found('path', inPath), ...found('query', inQuery), ...found('body', inBody)]
}
