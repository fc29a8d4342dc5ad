import { z } from 'zod'
import { type JsonSchema, type Operation, operationOf, type Route, routes, successStatus } from './contract.ts'

/** A route as something to send requests to. */
export interface Target {
  readonly method: string
  readonly path: string
  readonly group: string
  /** `own`: the contract does not know it. */
  readonly kind: Route['kind'] | 'own'
  readonly query: readonly (readonly [name: string, schema: JsonSchema])[]
  readonly body: JsonSchema | undefined
  /** Of a good reply. */
  readonly status: readonly number[]
}

const TEXT: JsonSchema = { type: 'string' }
const COUNT: JsonSchema = { type: 'integer', minimum: 1, maximum: 1000 }
const NAMES: JsonSchema = { type: 'array', items: TEXT }

const filter: readonly (readonly [string, JsonSchema])[] = [
  ['account_names', NAMES],
  ['connector_names', NAMES],
  ['trading_pairs', NAMES],
  ['start_time', { type: 'integer' }],
  ['end_time', { type: 'integer' }],
  ['limit', COUNT],
  ['cursor', TEXT],
]
const texts = (...names: readonly string[]) => names.map((name) => [name, TEXT] as const)

/** Queries of the routes that the contract names without a schema. */
const QUERIES: Readonly<Record<string, Target['query']>> = {
  'GET /market-data/candles/{trading_pair}': texts('connector_name', 'connector', 'interval', 'max_records'),
  'GET /market-data/orderbook/{trading_pair}': [...texts('connector_name', 'connector'), ['depth', COUNT]],
  'GET /market-data/ticker/{trading_pair}': texts('connector_name', 'connector'),
  'GET /market-data/trades/{trading_pair}': [...texts('connector_name', 'connector'), ['limit', COUNT]],
  'GET /rate-oracle/rate': texts('trading_pair', 'base', 'quote'),
  'GET /trading/orders': filter,
  'GET /trading/history': filter,
  'GET /trading/positions': filter,
  'GET /portfolio/history': [...filter, ['interval', TEXT]],
  'GET /portfolio/distribution': filter,
  'GET /portfolio/performance': filter,
  'DELETE /trading/orders/{client_order_id}': texts('account_name', 'connector_name'),
}
/** Bodies of the same. */
const BODIES: Readonly<Record<string, JsonSchema>> = {
  'POST /accounts': { type: 'object', properties: { account_name: TEXT } },
  'PUT /accounts/{account_name}': {
    type: 'object',
    properties: { connector_name: TEXT, credentials: { type: 'object', properties: { simulator_api_key: TEXT } } },
  },
  'POST /trading/close-position': {
    type: 'object',
    properties: { account_name: TEXT, connector_name: TEXT, trading_pair: TEXT, side: TEXT },
  },
}

const bodyOf = (operation: Operation | undefined): JsonSchema | undefined =>
  operation?.requestBody?.content['application/json'].schema

/** An alias takes the body of its canonical route. */
const documented = (route: Route): Operation | undefined => {
  const [method = '', path = ''] = (route.canonicalOf ?? `${route.method} ${route.path}`).split(' ')
  return operationOf({ method, path })
}

const targetOf = (route: Route): Target => {
  const { method, path, group, kind } = route
  const key = `${method} ${path}`
  const query = (operationOf(route)?.parameters ?? []).filter((one) => one.in === 'query')
  return {
    method,
    path,
    group,
    kind,
    query: QUERIES[key] ?? query.map((one) => [one.name, one.schema] as const),
    body: method === 'GET' ? undefined : (BODIES[key] ?? bodyOf(documented(route))),
    // An alias may keep to the status of its own method.
    status: kind === 'canonical' ? [successStatus(route)] : [200, 201],
  }
}

/** Every route of the contract that is built, but for sockets. */
export const contractTargets: readonly Target[] = routes.filter(({ method }) => method !== 'WS').map(targetOf)

const json = z.record(z.string(), z.unknown())
const published = z.object({
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.object({
        parameters: z.array(z.object({ name: z.string(), in: z.string(), schema: json.default({}) })).default([]),
        requestBody: z.object({ content: z.record(z.string(), z.object({ schema: json.default({}) })) }).optional(),
      }),
    ),
  ),
})

/** The same path whatever its parameters are called. */
const shapeOf = (method: string, path: string): string =>
  `${method.toUpperCase()} ${path.replaceAll(/\{\w+\}/g, '{}').replace(/(.)\/$/, '$1')}`

/** What a request by chance must not do: it would end the others. */
const ENDS_THE_RUN = ['POST /guards/portfolio/halt']

/** The routes of a running edge's OpenAPI document that the contract does not know. */
export const ownTargets = (document: unknown): readonly Target[] => {
  const known = new Set(contractTargets.map(({ method, path }) => shapeOf(method, path)))
  return Object.entries(published.parse(document).paths).flatMap(([path, operations]) =>
    Object.entries(operations)
      .filter(([method]) => !known.has(shapeOf(method, path)))
      .filter(([method]) => !ENDS_THE_RUN.includes(`${method.toUpperCase()} ${path}`))
      .map(
        ([method, { parameters, requestBody }]): Target => ({
          method: method.toUpperCase(),
          path,
          group: path.split('/')[1] ?? '',
          kind: 'own',
          query: parameters.filter((one) => one.in === 'query').map((one) => [one.name, one.schema] as const),
          body: method === 'get' ? undefined : requestBody?.content['application/json']?.schema,
          status: [200, 201, 202, 204],
        }),
      ),
  )
}
