import { readFileSync } from 'node:fs'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { z } from 'zod'

/** The excerpt of the REST contract that this repository carries: routes of the groups that are built, and their schemas. */
const file = new URL('../../fixtures/rest-contract.json', import.meta.url)

const schema = z.record(z.string(), z.unknown())
const operation = z.object({
  parameters: z
    .array(z.object({ name: z.string(), in: z.enum(['path', 'query']), required: z.boolean(), schema }))
    .default([]),
  requestBody: z.object({ content: z.object({ 'application/json': z.object({ schema }) }) }).optional(),
  responses: z.record(z.string(), z.unknown()).default({}),
})
const excerpt = z.object({
  routes: z.array(
    z.object({
      method: z.string(),
      path: z.string(),
      group: z.string(),
      kind: z.enum(['canonical', 'alias', 'legacy', 'seed-only']),
      canonicalOf: z.string().nullable(),
    }),
  ),
  paths: z.record(z.string(), z.record(z.string(), operation)),
  components: z.object({ schemas: z.record(z.string(), schema) }),
})

const text = readFileSync(file, 'utf8')
const contract = excerpt.parse(JSON.parse(text))

export type Route = z.infer<typeof excerpt>['routes'][number]
export type Operation = z.infer<typeof operation>
export type JsonSchema = z.infer<typeof schema>

/** Every route of the groups, in the contract's order. */
export const routes: readonly Route[] = contract.routes

/** What the contract says of a route; undefined for those that it names without a schema. */
export const operationOf = ({ method, path }: Pick<Route, 'method' | 'path'>): Operation | undefined =>
  contract.paths[path]?.[method.toLowerCase()]

/** The status of a good reply by the contract, 200 where it says nothing. */
export const successStatus = (route: Pick<Route, 'method' | 'path'>): number =>
  Number(Object.keys(operationOf(route)?.responses ?? {}).find((status) => status.startsWith('2')) ?? 200)

/** A schema with its reference followed. */
export const resolved = (given: JsonSchema): JsonSchema => {
  const reference = given['$ref']
  if (typeof reference !== 'string') return given
  const name = reference.replace('#/components/schemas/', '')
  const found = contract.components.schemas[name]
  if (found === undefined) throw new Error(`the contract has no schema ${name}`)
  return resolved(found)
}

const document: unknown = JSON.parse(text)
const ajv = new Ajv2020({
  strict: false,
  allErrors: true,
  formats: { 'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/ },
  schemas: [{ $id: 'contract', ...z.looseObject({}).parse(document) }],
})

/** What is wrong with a good reply by the contract's schema. */
export const replyProblems = ({ method, path }: Pick<Route, 'method' | 'path'>, reply: unknown): readonly string[] => {
  const status = String(successStatus({ method, path }))
  const pointer = ['paths', path, method.toLowerCase(), 'responses', status, 'content', 'application/json', 'schema']
    .map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')))
    .join('/')
  const validate: ValidateFunction | undefined = ajv.getSchema(`contract#/${pointer}`)
  if (validate === undefined) return [`the contract has no reply of ${method} ${path}`]
  if (validate(reply)) return []
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath || 'reply'}: ${message}`)
}
