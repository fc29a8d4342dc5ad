import { type JsonSchema, resolved } from './contract.ts'
import { byName } from './named-values.ts'
import { NUMBERS, TEXTS } from './odd-values.ts'
import type { Chance } from './random.ts'

/** JSON that `JSON.stringify` cannot say, written in place of its mark. */
const RAW: readonly [string, ...string[]] = [
  'NaN',
  'Infinity',
  '-Infinity',
  '1e999',
  '1.0',
  '-0',
  '1E400',
  '00',
  '12345678901234567890',
]
const MARK = '\u0001raw:'

/** JSON text with the marked values written as they are meant. */
export const jsonText = (value: unknown): string =>
  JSON.stringify(value).replaceAll(/"\\u0001raw:([^"]*)"/g, (_, text: string) => text)

/** Whatever JSON can hold, and some that it cannot. */
export const junk = (chance: Chance): unknown =>
  chance.pick<() => unknown>([
    () => null,
    () => chance.happens(0.5),
    () => chance.pick(NUMBERS),
    () => chance.pick(TEXTS),
    () => `${MARK}${chance.pick(RAW)}`,
    () => [],
    () => [junk(chance), junk(chance)],
    () => ({}),
    () => ({ [chance.pick(TEXTS)]: junk(chance) }),
    () => [[[[chance.pick(TEXTS)]]]],
  ])()

/** A value that the schema takes, more often than not. */
export const sampleOf = (given: JsonSchema, name: string, chance: Chance): unknown => {
  const schema = resolved(given)
  const named = Object.hasOwn(byName, name) ? byName[name] : undefined
  if (named !== undefined) return named(chance)
  const words = schema['enum']
  if (Array.isArray(words) && words.length > 0 && chance.happens(0.85))
    return words[chance.integer(0, words.length - 1)]
  const choices = schema['anyOf'] ?? schema['oneOf']
  if (Array.isArray(choices) && choices.length > 0)
    return sampleOf(choices[chance.integer(0, choices.length - 1)] as JsonSchema, name, chance)
  switch (schema['type']) {
    case 'string':
      return chance.pick(TEXTS)
    case 'boolean':
      return chance.happens(0.5)
    case 'integer':
    case 'number':
      return numberOf(schema, chance)
    case 'array':
      return Array.from({ length: chance.integer(0, 3) }, () => sampleOf(members(schema['items']), name, chance))
    case 'object':
      return Object.fromEntries([
        ...Object.entries(members(schema['properties'])).map(([member, inner]) => [
          member,
          sampleOf(members(inner), member, chance),
        ]),
        ...freeMembers(schema['additionalProperties'], chance),
      ])
    default:
      return null
  }
}

/** Of a map: tokens, connectors, whatever its keys may be. */
const freeMembers = (schema: unknown, chance: Chance): readonly (readonly [string, unknown])[] =>
  typeof schema !== 'object' || schema === null
    ? []
    : Array.from({ length: chance.integer(0, 3) }, () => [
        chance.pick(['BTC', 'USDT', 'simulator', chance.pick(TEXTS)]),
        sampleOf(members(schema), '', chance),
      ])

const members = (value: unknown): Readonly<Record<string, unknown>> & JsonSchema =>
  typeof value === 'object' && value !== null ? { ...value } : {}

const numberOf = (schema: JsonSchema, chance: Chance): number => {
  const low = Number(schema['minimum'] ?? 0)
  const high = Number(schema['maximum'] ?? 1_000)
  return chance.happens(0.8) ? chance.integer(low, high) : chance.pick([low - 1, low, high, high + 1, low + 0.5])
}

/** Text of a value in a path or a query. */
export const urlText = (value: unknown): string => {
  const text = typeof value === 'string' ? value.replace(MARK, '') : JSON.stringify(value)
  return encodeURIComponent(text.toWellFormed())
}
