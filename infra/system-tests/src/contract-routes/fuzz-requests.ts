import { type JsonSchema, resolved } from './contract.ts'
import { jsonText, junk, sampleOf, urlText } from './fuzz-values.ts'
import { EXPENDABLE } from './named-values.ts'
import { type Chance, chanceOf } from './random.ts'
import type { Target } from './targets.ts'

export interface FuzzRequest {
  readonly number: number
  readonly route: Target
  readonly path: string
  readonly contentType: string | null
  readonly body: string | null
}

const TEXT: JsonSchema = { type: 'string' }

/** After such a request an account or its keys may be others. */
const takesAway = ({ method, path }: Target): boolean =>
  path.startsWith('/accounts')
    ? method !== 'GET'
    : /\/(halt|rearm)$/.test(path) || (method === 'PUT' && path.startsWith('/guards'))

/** Which values a parameter takes. */
const meaning = (route: Target, name: string): string => {
  if (name === 'connector') return 'connector_name'
  return name === 'account_name' && takesAway(route) ? EXPENDABLE : name
}

const pathOf = (route: Target, chance: Chance): string =>
  route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    urlText(chance.happens(0.9) ? sampleOf(TEXT, meaning(route, name), chance) : junk(chance)),
  )

const queryOf = (route: Target, chance: Chance): string => {
  const asked = route.query.flatMap(([name, schema]) => {
    if (chance.happens(0.15)) return []
    const value = chance.happens(0.85) ? sampleOf(schema, meaning(route, name), chance) : junk(chance)
    const values = Array.isArray(value) && chance.happens(0.8) ? value : [value]
    return values.map((each) => `${name}=${urlText(each)}`)
  })
  if (chance.happens(0.05)) asked.push(`${urlText(junk(chance))}=${urlText(junk(chance))}`)
  return asked.length === 0 ? '' : `?${asked.join('&')}`
}

/** A good body, or one with a member missing, added or spoilt. */
const objectBody = (route: Target, schema: JsonSchema, chance: Chance): Record<string, unknown> => {
  const sample = sampleOf(schema, '', chance)
  const body = Object.entries(typeof sample === 'object' && sample !== null ? sample : {}).map(
    ([name, value]): [string, unknown] => [
      name,
      meaning(route, name) === name ? value : sampleOf(TEXT, meaning(route, name), chance),
    ],
  )
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

const bodyOf = (route: Target, chance: Chance): Pick<FuzzRequest, 'body' | 'contentType'> => {
  const schema = route.body
  const json = (body: string) => ({ body, contentType: 'application/json' })
  if (schema === undefined || route.method === 'GET')
    return route.method !== 'GET' && chance.happens(0.1)
      ? json(jsonText(junk(chance)))
      : { body: null, contentType: null }
  const kind = chance.next()
  if (kind < 0.85) return json(jsonText(objectBody(route, schema, chance)))
  if (kind < 0.9) return json(jsonText(junk(chance)))
  if (kind < 0.93) return json(chance.pick(['', '{', '{"a":', '[1,2', '"', '{"a":1}x', '\ufeff{}', 'nul']))
  if (kind < 0.96) return { body: jsonText(objectBody(route, schema, chance)), contentType: 'text/plain' }
  if (kind < 0.98) return { body: 'a=1&b=2', contentType: 'application/x-www-form-urlencoded' }
  return { body: null, contentType: null }
}

/** Requests by chance to the routes, the same ones for the same seed (but for times, which are near now). */
export const fuzzRequests = function* (
  seed: number,
  count: number,
  targets: readonly Target[],
): Generator<FuzzRequest> {
  const chance = chanceOf(seed)
  for (let number = 0; number < count; number++) {
    const route = targets[number % targets.length] as Target
    yield { number, route, path: `${pathOf(route, chance)}${queryOf(route, chance)}`, ...bodyOf(route, chance) }
  }
}
