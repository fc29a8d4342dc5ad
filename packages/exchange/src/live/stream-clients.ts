import { gunzipSync, inflateRawSync } from 'node:zlib'
import { UnreadableFrame } from './interruptions.ts'
import type { LiveExchange } from './live-exchange.ts'

/** The part of ccxt's websocket client that is watched over. */
export interface StreamClient {
  readonly url: string
  readonly isConnected: boolean
  readonly gunzip: boolean
  readonly inflate: boolean
  readonly decompressBinary: boolean
  readonly subscriptions: Record<string, unknown>
  /** Errors that nobody waited for: ccxt keeps them for whoever asks next. */
  readonly rejections: Record<string, unknown>
  keepAlive: number | false
  onMessage(event: { readonly data: unknown }): void
  onMessageCallback(client: StreamClient, message: unknown): unknown
  onError(error: unknown): void
  reject(error: unknown, messageHash?: string): unknown
  resolve(result: unknown, messageHash?: string): unknown
  future(messageHash: string): Promise<unknown>
  send(message: unknown): Promise<unknown>
  close(): Promise<unknown> | undefined
}

export interface ClientRules {
  /** `json`: the venue sends prices as JSON numbers, whose digits a float would lose. */
  readonly numbers: 'text' | 'json'
  /** Called before a result goes to whoever watches it. */
  readonly publishing: (result: unknown, client: StreamClient) => void
  readonly gone: (client: StreamClient) => void
}

/** A connection that answers no ping for twice this time is given up. */
const longestKeepAliveMs = 20_000

const decoded = (client: StreamClient, data: unknown): string | null => {
  if (typeof data === 'string') return data
  if (!Buffer.isBuffer(data)) return null
  if (client.gunzip) return gunzipSync(data).toString('utf8')
  if (client.inflate) return inflateRawSync(data).toString('utf8')
  return client.decompressBinary ? data.toString('utf8') : null
}

/** As ccxt does: numbers that a float cannot hold become texts. */
const longIntegers = /:(\d{15,}),/g
/** Numbers with a fraction or an exponent outside of texts, with the text before them kept. */
const fractions = /("(?:[^"\\]|\\.)*")|(-?\d+(?:\.\d+(?:[eE][+-]?\d+)?|[eE][+-]?\d+))/g

const parsed = (text: string, numbers: ClientRules['numbers']): unknown => {
  const whole = text.replace(longIntegers, ':"$1",')
  return JSON.parse(
    numbers === 'text'
      ? whole
      : whole.replace(fractions, (_, quoted: string | undefined, number: string) => quoted ?? `"${number}"`),
  )
}

const isSignOfLife = (text: string): boolean => /^(ping|pong)$/i.test(text)

/** Reads a frame; what cannot be read costs the connection, since nobody knows what it was. */
const receive = (
  client: StreamClient,
  rules: ClientRules,
  data: unknown,
  original: StreamClient['onMessage'],
): void => {
  let message: unknown
  try {
    const text = decoded(client, data)
    if (text === null || isSignOfLife(text)) {
      original({ data: text ?? data })
      return
    }
    message = parsed(text, rules.numbers)
    if (typeof message !== 'object' || message === null) throw new TypeError('no object')
  } catch (error) {
    lose(client, error)
    return
  }
  try {
    const handled = client.onMessageCallback(client, message)
    if (handled instanceof Promise) handled.catch((error: unknown) => lose(client, error))
  } catch (error) {
    lose(client, error)
  }
}

const lose = (client: StreamClient, error: unknown): void => {
  const reason = error instanceof Error ? error.message : String(error)
  client.onMessage = () => {}
  client.onError(new UnreadableFrame(reason.slice(0, 200)))
  client.close()?.catch(() => undefined)
}

const adopt = (client: StreamClient, rules: ClientRules): void => {
  if (client.keepAlive !== false) client.keepAlive = Math.min(client.keepAlive, longestKeepAliveMs)
  const { onMessage, send, resolve } = client
  client.onMessage = ({ data }) => receive(client, rules, data, onMessage.bind(client))
  client.resolve = (result, messageHash) => {
    rules.publishing(result, client)
    return resolve.call(client, result, messageHash)
  }
  client.send = (message) => {
    const sent = send.call(client, message)
    // A socket that closes while it sends says so to those who wait for its messages.
    sent.catch(() => undefined)
    return sent
  }
}

/** Watches over the sockets of one exchange: at most one stands for each address, and none is left behind. */
export const superviseClients = (exchange: LiveExchange, rules: ClientRules): void => {
  const open = new Map<string, StreamClient>()
  const make = exchange.client.bind(exchange)
  exchange.client = (url) => {
    const client = make(url)
    const before = open.get(url)
    if (before === client) return client
    open.set(url, client)
    adopt(client, rules)
    // ccxt drops a client whose snapshot failed and leaves its socket open, which would tell everything twice.
    if (before !== undefined) lose(before, new Error('another connection took its place'))
    return client
  }
  const onClose = exchange.onClose.bind(exchange)
  exchange.onClose = (client, error) => {
    if (open.get(client.url) === client) open.delete(client.url)
    rules.gone(client)
    // KuCoin's addresses hold a token of limited life, which ccxt would use for ever.
    if (exchange.id.startsWith('kucoin')) exchange.options.urls = {}
    // ccxt forgets whoever stands at this address now, even if that is a newer one.
    if (exchange.clients?.[client.url] === undefined || exchange.clients[client.url] === client) onClose(client, error)
  }
  const close = exchange.close.bind(exchange)
  exchange.close = async () => {
    const left = [...open.values()]
    open.clear()
    await close()
    await Promise.all(left.map((client) => client.close()?.catch(() => undefined)))
  }
}

/** Gives up every socket of the exchange: whoever waits for its messages hears of it. */
export const closeClients = (exchange: LiveExchange, error: Error): void => {
  for (const client of Object.values(exchange.clients ?? {})) if (isStreamClient(client)) lose(client, error)
}

/** Whether a connection is one that the exchange still reads and writes by. */
export const isRegistered = (exchange: LiveExchange, client: unknown): boolean =>
  Object.values(exchange.clients ?? {}).some((registered) => registered === client)

/** Forgets the errors of a symbol that belong to an attempt that is over: every one of its book, and our own unsubscribing. */
export const forgetRejections = (exchange: LiveExchange, symbol: string, of: 'book' | 'unsubscribing'): void => {
  for (const client of Object.values(exchange.clients ?? {})) {
    if (!isStreamClient(client)) continue
    for (const [hash, error] of Object.entries(client.rejections)) {
      const over =
        of === 'book' ? /book/i.test(hash) : error instanceof Error && error.constructor.name === 'UnsubscribeError'
      if (over && hash.includes(symbol)) delete client.rejections[hash]
    }
  }
}

const isStreamClient = (client: object): client is StreamClient => 'onError' in client && 'close' in client
