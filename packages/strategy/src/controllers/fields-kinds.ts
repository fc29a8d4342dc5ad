import { ORDER_TYPES, type OrderType } from '../executors/order-type.ts'
import type { Side } from '../executors/side.ts'
import { type Exact, exactOf } from '../numbers/exact.ts'

/** Why a value is refused: type and words as the REST API's validation errors have them. */
export interface Refusal {
  readonly type: string
  readonly msg: string
  readonly ctx?: Readonly<Record<string, unknown>>
}

export const REFUSED = Symbol('refused')
type Refused = typeof REFUSED

/** Reports what is wrong with a value, or with the part of it that `path` leads to. */
export type Refuse = (refusal: Refusal, path?: readonly (string | number)[]) => Refused

/** What a field can hold: its name in configuration templates, and how a value of a file or a request becomes one. */
export interface Kind<T> {
  readonly type: string
  readonly parse: (input: unknown, refuse: Refuse) => T | Refused
}

export const is = <T>(value: T | Refused): value is T => value !== REFUSED

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The same values under another name in the templates. */
export const named = <T>(type: string, kind: Kind<T>): Kind<T> => ({ type, parse: kind.parse })

/** Null or an empty text mean that there is none. */
export const optional = <T>(kind: Kind<T>): Kind<T | null> => ({
  type: `Optional[${kind.type}]`,
  parse: (input, refuse) => (input === null || input === '' ? null : kind.parse(input, refuse)),
})

/** Null or an empty text stand for another value. */
export const blankAs = <T>(blank: T, kind: Kind<T>): Kind<T> => ({
  type: kind.type,
  parse: (input, refuse) => (input === null || input === '' ? blank : kind.parse(input, refuse)),
})

export const text: Kind<string> = {
  type: 'str',
  parse: (input, refuse) =>
    typeof input === 'string' ? input : refuse({ type: 'string_type', msg: 'Input should be a valid string' }),
}

/** A text that another field stands in for when it is left out. */
export const textOrNull: Kind<string | null> = named('str', optional(text))

/** How long a candle lasts: `1m`, `4h`, `1d`. */
export const interval: Kind<string> = {
  type: 'str',
  parse: (input, refuse) =>
    typeof input === 'string' && /^[1-9]\d{0,3}[smhdwM]$/.test(input)
      ? input
      : refuse({
          type: 'value_error',
          msg: "Value error, an interval is a number and one of s, m, h, d, w and M: '5m'",
        }),
}

const listed = (values: readonly string[]): string => {
  const quoted = values.map((value) => `'${value}'`)
  return quoted.length < 2 ? quoted.join() : `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`
}

/** One of some words. */
export const oneOf = <const V extends string>(...values: readonly V[]): Kind<V> => ({
  type: 'str',
  parse: (input, refuse) => {
    const expected = listed(values)
    return (
      values.find((value) => value === input) ??
      refuse({ type: 'literal_error', msg: `Input should be ${expected}`, ctx: { expected } })
    )
  },
})

const INTEGER_TEXT = /^[+-]?\d+(?:_\d+)*(?:\.0+)?$/
const FLOAT_TEXT = /^[+-]?(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:[eE][+-]?\d+)?$/

const notFinite: Refusal = { type: 'finite_number', msg: 'Input should be a finite number' }

export const integer: Kind<number> = {
  type: 'int',
  parse: (input, refuse) => {
    if (typeof input === 'boolean') return Number(input)
    if (typeof input === 'number') {
      if (!Number.isFinite(input)) return refuse(notFinite)
      if (Number.isInteger(input)) return safe(input, refuse)
      return refuse({
        type: 'int_from_float',
        msg: 'Input should be a valid integer, got a number with a fractional part',
      })
    }
    if (typeof input !== 'string') return refuse({ type: 'int_type', msg: 'Input should be a valid integer' })
    if (INTEGER_TEXT.test(input.trim())) return safe(Number(input.trim().replaceAll('_', '')), refuse)
    return refuse({
      type: 'int_parsing',
      msg: 'Input should be a valid integer, unable to parse string as an integer',
    })
  },
}

const safe = (value: number, refuse: Refuse): number | Refused =>
  Number.isSafeInteger(value)
    ? value
    : refuse({
        type: 'int_parsing_size',
        msg: 'Unable to parse input string as an integer, exceeded maximum size',
      })

export const float: Kind<number> = {
  type: 'float',
  parse: (input, refuse) => {
    if (typeof input === 'boolean') return Number(input)
    if (typeof input === 'number') return Number.isFinite(input) ? input : refuse(notFinite)
    if (typeof input !== 'string') return refuse({ type: 'float_type', msg: 'Input should be a valid number' })
    if (!FLOAT_TEXT.test(input.trim()))
      return refuse({
        type: 'float_parsing',
        msg: 'Input should be a valid number, unable to parse string as a number',
      })
    const value = Number(input.trim().replaceAll('_', ''))
    return Number.isFinite(value) ? value : refuse(notFinite)
  },
}

const TRUTHS = new Map<unknown, boolean>([
  ...['true', 't', 'yes', 'y', 'on', '1', 1, true].map((word) => [word, true] as const),
  ...['false', 'f', 'no', 'n', 'off', '0', 0, false].map((word) => [word, false] as const),
])

export const bool: Kind<boolean> = {
  type: 'bool',
  parse: (input, refuse) => {
    const value = TRUTHS.get(typeof input === 'string' ? input.toLowerCase() : input)
    if (value !== undefined) return value
    return typeof input === 'string' || typeof input === 'number'
      ? refuse({ type: 'bool_parsing', msg: 'Input should be a valid boolean, unable to interpret input' })
      : refuse({ type: 'bool_type', msg: 'Input should be a valid boolean' })
  },
}

const DECIMAL_TEXT = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/

const decimalLike = <T>(value: (text: string) => T): Kind<T> => ({
  type: 'Decimal',
  parse: (input, refuse) => {
    if (typeof input !== 'number' && typeof input !== 'string')
      return refuse({
        type: 'decimal_type',
        msg: 'Decimal input should be an integer, float, string or Decimal object',
      })
    if (/^[+-]?(?:s?nan\d*|inf|infinity)$/i.test(String(input).trim())) return refuse(notFinite)
    const plain = String(input).trim().replaceAll('_', '')
    if (!DECIMAL_TEXT.test(plain)) return refuse({ type: 'decimal_parsing', msg: 'Input should be a valid decimal' })
    return Number.isFinite(Number(plain)) ? value(plain) : refuse(notFinite)
  },
})

/** A decimal that is only ever calculated with as a double: amounts, thresholds, percentages. */
export const decimal: Kind<number> = decimalLike(Number)

/** A decimal that enters a limit price, where a candle that just touches it must not be missed: all its digits. */
export const exactDecimal: Kind<Exact> = decimalLike(exactOf)

const parts = (input: unknown): readonly unknown[] | undefined => {
  if (input === null || input === '') return []
  if (typeof input === 'number') return [input]
  if (typeof input === 'string') return input.split(',').map((part) => part.trim())
  return Array.isArray(input) ? input : undefined
}

/** Everything that parses, or nothing when one of them does not; what is wrong is told of all. */
const all = <T>(values: readonly (T | Refused)[]): T[] | Refused => {
  const good = values.filter(is)
  return good.length === values.length ? good : REFUSED
}

/** A list, or its items in a text with commas between them, or the only one as a number; null or an empty text: none. */
export const listOf = <T>(kind: Kind<T>): Kind<readonly T[]> => ({
  type: `List[${kind.type}]`,
  parse: (input, refuse) => {
    const items = parts(input)
    if (!items) return refuse({ type: 'list_type', msg: 'Input should be a valid list' })
    return all(items.map((item, index) => kind.parse(item, (why, path = []) => refuse(why, [index, ...path]))))
  },
})

/** Names with a value each. */
export const byName = <T>(kind: Kind<T>): Kind<Readonly<Record<string, T>>> => ({
  type: `Dict[str, ${kind.type}]`,
  parse: (input, refuse) => {
    if (!isObject(input)) return refuse({ type: 'dict_type', msg: 'Input should be a valid dictionary' })
    const entries = Object.entries(input).map(([name, value]): [string, T] | Refused => {
      const parsed = kind.parse(value, (why, path = []) => refuse(why, [name, ...path]))
      return is(parsed) ? [name, parsed] : REFUSED
    })
    const good = all(entries)
    return is(good) ? Object.fromEntries(good) : REFUSED
  },
})

/** A word of an enumeration in any case, with or without the enumeration's name before it, or its number. */
const enumerated = <V extends string>(type: string, words: Readonly<Record<string, V>>): Kind<V> => ({
  type,
  parse: (input, refuse) => {
    const word = String(input).trim()
    const bare =
      word.slice(0, type.length + 1).toLowerCase() === `${type.toLowerCase()}.` ? word.slice(type.length + 1) : word
    const found = typeof input === 'string' || typeof input === 'number' ? words[bare.toUpperCase()] : undefined
    if (found !== undefined) return found
    const expected = listed([...new Set(Object.values(words))])
    return refuse({ type: 'enum', msg: `Input should be ${expected}`, ctx: { expected } })
  },
})

export const side: Kind<Side> = enumerated('TradeType', { BUY: 'BUY', SELL: 'SELL', 1: 'BUY', 2: 'SELL' })

/** A side that may be called by the position it builds. */
export const positionSide: Kind<Side> = enumerated('TradeType', {
  BUY: 'BUY',
  LONG: 'BUY',
  1: 'BUY',
  SELL: 'SELL',
  SHORT: 'SELL',
  2: 'SELL',
})

export const orderType: Kind<OrderType> = blankAs(
  'MARKET',
  enumerated('OrderType', {
    MARKET: 'MARKET',
    LIMIT: 'LIMIT',
    LIMIT_MAKER: 'LIMIT_MAKER',
    [ORDER_TYPES.MARKET]: 'MARKET',
    [ORDER_TYPES.LIMIT]: 'LIMIT',
    [ORDER_TYPES.LIMIT_MAKER]: 'LIMIT_MAKER',
  }),
)

export type PositionMode = 'HEDGE' | 'ONEWAY'
export const positionMode: Kind<PositionMode> = enumerated('PositionMode', { HEDGE: 'HEDGE', ONEWAY: 'ONEWAY' })
