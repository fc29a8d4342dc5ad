import { type JsonSchema, resolved } from './contract.ts'
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

const TEXTS: readonly [string, ...string[]] = [
  '',
  ' ',
  '-',
  'BTC-',
  '-USDT',
  'BTC-USDT-PERP',
  'btc-usdt',
  'BTC/USDT',
  'BTCUSDT',
  'NO-PE',
  'null',
  '0',
  '1e400',
  '__proto__',
  'constructor',
  '../../etc/passwd',
  "'; drop table orders; --",
  '%00',
  '\u0000',
  '\ud800',
  '💥-💥',
  'É-Ü',
  '*.>',
  'a.b c',
  'x'.repeat(300),
  'x'.repeat(20_000),
]

const NUMBERS: readonly [number, ...number[]] = [
  0,
  -1,
  1,
  0.5,
  -0.5,
  1.5,
  2,
  999,
  1000,
  1001,
  65_536,
  2 ** 31,
  2 ** 53,
  2 ** 63,
  1e-320,
  1e21,
  1e308,
  -1e308,
]

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

/** Connectors of the simulator, one without an exchange behind it, and what is none: a real exchange is not asked. */
const connectorName = (chance: Chance): string =>
  chance.happens(0.75)
    ? chance.pick(['simulator', 'simulator', 'simulator_perpetual'])
    : chance.pick(['dexalot', 'dexalot_testnet', 'nope', 'Simulator', 'simulator ', chance.pick(TEXTS)])

const tradingPair = (chance: Chance): string =>
  chance.happens(0.75) ? chance.pick(['BTC-USDT', 'ETH-USDT', 'USDT-BTC']) : chance.pick(TEXTS)

const INTERVALS: readonly [string, ...string[]] = ['1s', '1m', '5m', '1h', '1d', '1w', '1M', '7m', '0m', 'm', '']

const nowSeconds = (): number => Math.floor(Date.now() / 1000)

/** Values by the name of the field, so that most requests reach the logic behind the checks. */
const byName: Readonly<Record<string, (chance: Chance) => unknown>> = {
  connector_name: connectorName,
  trading_pair: tradingPair,
  trading_pairs: (chance) => Array.from({ length: chance.integer(0, 3) }, () => tradingPair(chance)),
  interval: (chance) => chance.pick(INTERVALS),
  max_records: (chance) => (chance.happens(0.8) ? chance.integer(1, 200) : chance.pick(NUMBERS)),
  start_time: (chance) => (chance.happens(0.8) ? nowSeconds() - chance.integer(0, 20_000) : chance.pick(NUMBERS)),
  end_time: (chance) => (chance.happens(0.8) ? nowSeconds() - chance.integer(0, 10_000) : chance.pick(NUMBERS)),
  /** Long enough for a busy machine, or refused: a wait that is too short fails by the caller's own wish. */
  timeout: (chance) => chance.pick([20, 30.5, 120, 0, 121, 0.5]),
  volume: (chance) => (chance.happens(0.6) ? chance.next() * 10 : chance.pick(NUMBERS)),
  quote_volume: (chance) => (chance.happens(0.6) ? chance.next() * 1e5 : chance.pick(NUMBERS)),
  price: (chance) => (chance.happens(0.6) ? chance.next() * 4e4 : chance.pick(NUMBERS)),
  account_name: (chance) => chance.pick([null, 'master_account', 'nobody', chance.pick(TEXTS)]),
  /** Of a rate source; real ones would be asked for rates from then on. */
  name: (chance) => chance.pick(['nope', 'simulator', chance.pick(TEXTS)]),
  side: (chance) => chance.pick(['BUY', 'sell', 'LONG', '']),
}

/** A value that the schema takes, more often than not. */
export const sampleOf = (given: JsonSchema, name: string, chance: Chance): unknown => {
  const schema = resolved(given)
  const named = Object.hasOwn(byName, name) ? byName[name] : undefined
  if (named !== undefined) return named(chance)
  const choices = schema['anyOf']
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
      return Object.fromEntries(
        Object.entries(members(schema['properties'])).map(([member, inner]) => [
          member,
          sampleOf(members(inner), member, chance),
        ]),
      )
    default:
      return null
  }
}

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
