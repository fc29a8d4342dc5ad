import { type JsonSchema, type Operation, operationOf, type Route, resolved, routes } from './contract.ts'
import { jsonText, junk, sampleOf, urlText } from './fuzz-values.ts'
import { type Chance, chanceOf } from './random.ts'

export interface FuzzRequest {
  readonly number: number
  readonly route: Route
  readonly path: string
  readonly contentType: string | null
  readonly body: string | null
}

/** Query names of the routes that the contract names without a schema. */
const QUERIES: Readonly<Record<string, readonly string[]>> = {
  '/market-data/candles/{trading_pair}': ['connector_name', 'connector', 'interval', 'max_records'],
  '/market-data/orderbook/{trading_pair}': ['connector_name', 'connector', 'depth'],
  '/market-data/ticker/{trading_pair}': ['connector_name', 'connector'],
  '/market-data/trades/{trading_pair}': ['connector_name', 'connector', 'limit'],
  '/rate-oracle/rate': ['trading_pair', 'base', 'quote'],
}
const COUNT: JsonSchema = { type: 'integer', minimum: 1, maximum: 1000 }
const TEXT: JsonSchema = { type: 'string' }

/** The canonical route has the schema of its alias. */
const documented = (route: Route): Operation | undefined => {
  const [method = '', path = ''] = (route.canonicalOf ?? `${route.method} ${route.path}`).split(' ')
  return operationOf({ method, path })
}

const queryParameters = (route: Route): readonly (readonly [string, JsonSchema])[] =>
  QUERIES[route.path]?.map((name) => [name, name === 'depth' || name === 'limit' ? COUNT : TEXT] as const) ??
  (operationOf(route)?.parameters ?? []).filter((one) => one.in === 'query').map((one) => [one.name, one.schema])

const pathOf = (route: Route, chance: Chance): string =>
  route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    urlText(chance.happens(0.9) ? sampleOf(TEXT, name, chance) : junk(chance)),
  )

const queryOf = (route: Route, chance: Chance): string => {
  const asked = queryParameters(route).flatMap(([name, schema]) => {
    if (chance.happens(0.15)) return []
    const value = chance.happens(0.85)
      ? sampleOf(schema, name === 'connector' ? 'connector_name' : name, chance)
      : junk(chance)
    const values = Array.isArray(value) && chance.happens(0.8) ? value : [value]
    return values.map((each) => `${name}=${urlText(each)}`)
  })
  if (chance.happens(0.05)) asked.push(`${urlText(junk(chance))}=${urlText(junk(chance))}`)
  return asked.length === 0 ? '' : `?${asked.join('&')}`
}

/** A good body, or one with a member missing, added or spoilt. */
const objectBody = (schema: JsonSchema, chance: Chance): Record<string, unknown> => {
  const body = Object.entries(sampleOf(schema, '', chance) as Record<string, unknown>)
  const names = Object.keys((resolved(schema)['properties'] ?? {}) as object)
  const victim = names[chance.integer(0, names.length - 1)]
  const kind = chance.next()
  if (kind < 0.4) return Object.fromEntries(body)
  if (kind < 0.55) return Object.fromEntries(body.filter(([name]) => name !== victim))
  if (kind < 0.85)
    return Object.fromEntries(body.map(([name, value]) => [name, name === victim ? junk(chance) : value]))
  if (kind < 0.95)
    return Object.fromEntries([...body, [String(chance.pick(['side', 'extra', 'trading_pairs'])), junk(chance)]])
  return Object.fromEntries(body.map(([name]) => [name, junk(chance)]))
}

const bodyOf = (route: Route, chance: Chance): Pick<FuzzRequest, 'body' | 'contentType'> => {
  const schema = documented(route)?.requestBody?.content['application/json'].schema
  const json = (body: string) => ({ body, contentType: 'application/json' })
  if (schema === undefined || route.method === 'GET')
    return route.method !== 'GET' && chance.happens(0.1)
      ? json(jsonText(junk(chance)))
      : { body: null, contentType: null }
  const kind = chance.next()
  if (kind < 0.85) return json(jsonText(objectBody(schema, chance)))
  if (kind < 0.9) return json(jsonText(junk(chance)))
  if (kind < 0.93) return json(chance.pick(['', '{', '{"a":', '[1,2', '"', '{"a":1}x', '\ufeff{}', 'nul']))
  if (kind < 0.96) return { body: jsonText(objectBody(schema, chance)), contentType: 'text/plain' }
  if (kind < 0.98) return { body: 'a=1&b=2', contentType: 'application/x-www-form-urlencoded' }
  return { body: null, contentType: null }
}

const targets = routes.filter(({ method }) => method !== 'WS')

/** Requests by chance to the routes of market data, the same ones for the same seed (but for times, which are near now). */
export const fuzzRequests = function* (seed: number, count: number): Generator<FuzzRequest> {
  const chance = chanceOf(seed)
  for (let number = 0; number < count; number++) {
    const route = targets[number % targets.length] as Route
    yield { number, route, path: `${pathOf(route, chance)}${queryOf(route, chance)}`, ...bodyOf(route, chance) }
  }
}
