/** A websocket message as it came. */
export interface Frame {
  readonly data: Buffer
  readonly format: 'text' | 'binary'
}

/**
 * What a client asks for, as far as the edge must know it. `key` names a subscription: the JSON text of its id between
 * the quotes, byte by byte, as the service writes it.
 */
export type Asked =
  | { readonly kind: 'subscribe'; readonly key: string; readonly feed: string }
  | { readonly kind: 'unsubscribe'; readonly key: string }
  | { readonly kind: 'ping' }
  | { readonly kind: 'other' }

/** What a replica says, as far as the edge must know it. */
export type Said =
  | { readonly kind: 'data'; readonly type: string; readonly key: string }
  | { readonly kind: 'subscribed' | 'unsubscribed'; readonly key: string }
  | { readonly kind: 'connected' | 'pong' | 'error' | 'other' }

const HEAD = '{"type":"'
const ID = '","subscription_id":"'
/** A type and an id of usual length; a longer one is looked for in the whole message. */
const HEAD_BYTES = 256
/** Time, sequence and the marks after them: all numbers. */
const TAIL_BYTES = 128

const other = { kind: 'other' } as const

export const keyOf = (id: string): string => Buffer.from(JSON.stringify(id)).toString('latin1').slice(1, -1)

/** Reads no more than the start of a message: data is passed on by the thousands a second. */
export const saidIn = ({ data, format }: Frame): Said => {
  if (format === 'binary') return other
  const head = data.toString('latin1', 0, Math.min(data.length, HEAD_BYTES))
  if (!head.startsWith(HEAD)) return other
  const end = head.indexOf('"', HEAD.length)
  const type = head.slice(HEAD.length, end)
  switch (type) {
    case 'connected':
    case 'pong':
    case 'error':
      return { kind: type }
    default: {
      if (!head.startsWith(ID, end)) return other
      const from = end + ID.length
      const key = quoted(head, from) ?? quoted(data.toString('latin1'), from)
      if (key === undefined) return other
      return type === 'subscribed' || type === 'unsubscribed' ? { kind: type, key } : { kind: 'data', type, key }
    }
  }
}

/** The text up to the quote that ends it; undefined when none does. */
const quoted = (text: string, from: number): string | undefined => {
  for (let at = from; at < text.length; at++) {
    const character = text[at]
    if (character === '\\') at++
    else if (character === '"') return text.slice(from, at)
  }
  return undefined
}

export interface Place {
  readonly sequence: number
  /** True when the service says that what came before this message is missing. */
  readonly gap: boolean
}

const placePattern = /,"sequence":(\d+)(?:,"dropped":\d+)?(,"resumed":(?:true|false))?\}$/

/** Where in its stream a data message stands, from its last bytes; undefined when it does not say. */
export const placeOf = ({ data }: Frame): Place | undefined => {
  const found = placePattern.exec(data.toString('latin1', Math.max(0, data.length - TAIL_BYTES)))
  if (found === null) return undefined
  return { sequence: Number(found[1]), gap: found[2] === ',"resumed":false' }
}

/** The subscription an error message brings to its end. */
export const endedIn = ({ data }: Frame): string | undefined => {
  const id = fieldsOf(data)?.subscription_id
  return typeof id === 'string' ? keyOf(id) : undefined
}

/** A request of a client, read as the service reads it. */
export const askedIn = ({ data, format }: Frame): Asked => {
  const fields = format === 'text' ? fieldsOf(data) : undefined
  if (fields === undefined) return other
  const { action, type, connector, trading_pair: pair, interval, subscription_id: id } = fields
  switch (action) {
    case 'ping':
      return { kind: 'ping' }
    case 'unsubscribe':
      return typeof id === 'string' ? { kind: 'unsubscribe', key: keyOf(id) } : other
    case 'subscribe': {
      if (typeof type !== 'string' || typeof connector !== 'string' || typeof pair !== 'string') return other
      const span = type !== 'candles' ? '' : `_${typeof interval === 'string' && interval !== '' ? interval : '1m'}`
      return { kind: 'subscribe', key: keyOf(`${type}_${connector}_${pair}${span}`), feed: type }
    }
    default:
      return other
  }
}

/** The same request, from the message after `sequence` on. */
export const resumedFrom = ({ data, format }: Frame, sequence: number): Frame => ({
  data: Buffer.from(JSON.stringify({ ...fieldsOf(data), resume_from: sequence })),
  format,
})

/** Whether a request says itself where to resume. */
export const resumes = ({ data }: Frame): boolean => {
  const from = fieldsOf(data)?.resume_from
  return from !== undefined && from !== null
}

const fieldsOf = (data: Buffer): Readonly<Record<string, unknown>> | undefined => {
  try {
    const value: unknown = JSON.parse(data.toString())
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
  } catch {
    return undefined
  }
}
