import { float, integer, type Lax } from '@colibri/contracts'

interface Wanted {
  /** How the subscriber names it from here on. */
  readonly id: string
  readonly connectorName: string
  readonly tradingPair: string
  /** Milliseconds between two pushes. */
  readonly updateMs: number
  /** The sequence of the last message the client has of this subscription. */
  readonly resumeFrom: number | undefined
}

export type Subscription =
  | (Wanted & { readonly type: 'candles'; readonly interval: string; readonly rows: number })
  | (Wanted & { readonly type: 'order_book'; readonly depth: number })
  | (Wanted & { readonly type: 'trades' | 'ticker' | 'funding' })

export type SubscriptionType = Subscription['type']

/** What a frame of a client asks for, or why it asks for nothing. */
export type Command =
  | { readonly kind: 'ping' }
  | { readonly kind: 'subscribe'; readonly subscription: Subscription }
  | { readonly kind: 'unsubscribe'; readonly id: string }
  | { readonly kind: 'refused'; readonly message: string }

const FASTEST_SECONDS = 0.25
const SLOWEST_SECONDS = 60
const MOST_LEVELS = 1_000
const MOST_ROWS = 10_000
const SHOWN_CHARACTERS = 100

type Fields = Readonly<Record<string, unknown>>

/** A field that cannot be read; the message is the client's. */
class BadField extends Error {}

const refused = (message: string): Command => ({ kind: 'refused', message })

/** Reads a frame. Whatever it holds, there is an answer. */
export const readCommand = (frame: Buffer, format: 'text' | 'binary'): Command => {
  if (format === 'binary')
    return refused(`Binary messages are not understood: got ${frame.length} bytes, send JSON text`)
  const text = frame.toString()
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return refused(`Invalid JSON: ${shortened(text)}`)
  }
  if (!isObject(value)) return refused(`A message must be a JSON object, got ${shortened(text)}`)
  try {
    return commandOf(value)
  } catch (error) {
    if (error instanceof BadField) return refused(error.message)
    throw error
  }
}

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const commandOf = (fields: Fields): Command => {
  const { action } = fields
  switch (action) {
    case 'ping':
      return { kind: 'ping' }
    case 'subscribe':
      return { kind: 'subscribe', subscription: subscriptionOf(fields) }
    case 'unsubscribe': {
      const { subscription_id: id } = fields
      if (id === undefined || id === null || id === '') return refused("unsubscribe requires 'subscription_id'")
      return { kind: 'unsubscribe', id: typeof id === 'string' ? id : named(id) }
    }
    default:
      return refused(`Unknown action: ${named(action)}. Valid actions: subscribe, unsubscribe, ping`)
  }
}

const subscriptionOf = (fields: Fields): Subscription => {
  const type = typeOf(fields.type)
  const connectorName = textOf(fields, 'connector')
  const tradingPair = textOf(fields, 'trading_pair')
  if (connectorName === undefined || tradingPair === undefined)
    throw new BadField('connector and trading_pair are required')
  const seconds =
    fields.update_interval === undefined
      ? 1
      : numberOf(fields, 'update_interval', float(), 'must be a number of seconds')
  const wanted = {
    connectorName,
    tradingPair,
    updateMs: Math.min(SLOWEST_SECONDS, Math.max(FASTEST_SECONDS, seconds)) * 1_000,
    resumeFrom: isGiven(fields.resume_from)
      ? numberOf(fields, 'resume_from', integer({ ge: 0 }), 'must be the sequence of a message')
      : undefined,
  }
  const id = `${type}_${connectorName}_${tradingPair}`
  switch (type) {
    case 'candles': {
      const interval = textOf(fields, 'interval') ?? '1m'
      return {
        ...wanted,
        type,
        interval,
        rows: countOf(fields, 'max_records', 100, MOST_ROWS),
        id: `${id}_${interval}`,
      }
    }
    case 'order_book':
      return { ...wanted, type, depth: countOf(fields, 'depth', 10, MOST_LEVELS), id }
    case 'trades':
    case 'ticker':
    case 'funding':
      return { ...wanted, type, id }
  }
}

const typeOf = (value: unknown): SubscriptionType => {
  switch (value) {
    case 'candles':
    case 'order_book':
    case 'trades':
    case 'ticker':
    case 'funding':
      return value
    default:
      throw new BadField(`Invalid subscription type: ${named(value)}`)
  }
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null

/** Undefined where there is none, or an empty one. */
const textOf = (fields: Fields, name: string): string | undefined => {
  const value = fields[name]
  if (!isGiven(value) || value === '') return undefined
  if (typeof value !== 'string') throw new BadField(`${name} must be text, got ${shown(value)}`)
  return value
}

const numberOf = (fields: Fields, name: string, type: Lax<number>, wish: string): number => {
  const read = type.safeParse(fields[name])
  if (!read.success) throw new BadField(`${name} ${wish}, got ${shown(fields[name])}`)
  return read.data
}

const countOf = (fields: Fields, name: string, fallback: number, most: number): number =>
  isGiven(fields[name])
    ? numberOf(fields, name, integer({ ge: 1, le: most }), `must be a whole number from 1 to ${most}`)
    : fallback

const shortened = (text: string): string =>
  text.length <= SHOWN_CHARACTERS ? text : `${text.slice(0, SHOWN_CHARACTERS)}…`

const shown = (value: unknown): string => shortened(JSON.stringify(value))

/** A name as the contract's texts show it: bare, and `None` for nothing. */
const named = (value: unknown): string => {
  if (!isGiven(value)) return 'None'
  return typeof value === 'string' ? shortened(value) : shown(value)
}
