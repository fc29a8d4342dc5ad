import { crc32 } from 'node:zlib'
import type { ExactBook } from './exact-book.ts'
import { ChecksumMismatch, SequenceGap, UnreadableFrame } from './interruptions.ts'
import type { LiveExchange } from './live-exchange.ts'

/** What has to be checked about the books of one exchange beyond what its ccxt class checks. */
export interface BookDialect {
  readonly numbers: 'text' | 'json'
  /** The `limit` to subscribe with; `undefined` is the class's default. */
  readonly limit?: number
  /** Levels of each side that are kept. */
  readonly depth: number
  /** As many levels of a side as a snapshot can hold, where the venue's updates go deeper than its snapshot. */
  readonly snapshotDepth: number
  /** Throws `UnreadableFrame`; `false` is a message for a book that nobody has. */
  readonly admits?: (exchange: LiveExchange, message: unknown) => boolean
  /** Throws `SequenceGap` where a delta does not follow the book. */
  readonly follows?: (book: ExactBook, delta: unknown) => void
  /** Throws `ChecksumMismatch` or `SequenceGap` where the book with the message applied is not the venue's. */
  readonly verify?: (book: ExactBook, message: unknown) => void
}

type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null
const fieldsOf = (value: unknown): Fields => (isFields(value) ? value : {})

const needLevels = (fields: Fields, ...names: readonly string[]): void => {
  for (const name of names) {
    if (!Array.isArray(fields[name])) throw new UnreadableFrame(`a book update without its ${name}`)
  }
}

const number = (value: unknown): number | undefined => {
  const parsed = typeof value === 'string' || typeof value === 'number' ? Number(value) : Number.NaN
  return Number.isSafeInteger(parsed) ? parsed : undefined
}

const needNumbers = (fields: Fields, ...names: readonly string[]): void => {
  for (const name of names) {
    if (number(fields[name]) === undefined) throw new UnreadableFrame(`a book update without its ${name}`)
  }
}

const contiguous = (book: ExactBook, first: number | undefined): void => {
  if (book.nonce === undefined || first === undefined) return
  if (first > book.nonce + 1) throw new SequenceGap(`update ${first} follows ${book.nonce}`)
}

/** CRC32 as a signed number, over the texts joined by colons. */
const signedCrc = (text: string): number => crc32(text) | 0

/** The first 25 levels of each side by turns, `price:amount`, as the venue wrote them. */
export const okxChecksum = (book: Pick<ExactBook, 'bids' | 'asks'>): number => {
  const parts: string[] = []
  for (let index = 0; index < 25; index += 1) {
    for (const side of [book.bids, book.asks]) {
      const row = side[index]
      if (row !== undefined) parts.push(row[0], row[1])
    }
  }
  return signedCrc(parts.join(':'))
}

const bare = (text: string): string => text.replace('.', '').replace(/^0+/, '')

/** The first 10 asks, then the first 10 bids: price and amount without points and leading zeros. */
export const krakenChecksum = (book: Pick<ExactBook, 'bids' | 'asks'>): number => {
  let text = ''
  for (const side of [book.asks, book.bids]) {
    for (const row of side.slice(0, 10)) text += bare(row[0]) + bare(row[1])
  }
  return crc32(text)
}

const whole: BookDialect = { numbers: 'text', depth: 10_000, snapshotDepth: Number.POSITIVE_INFINITY }

const binance: BookDialect = {
  ...whole,
  snapshotDepth: 1_000,
  admits(_, message) {
    const fields = fieldsOf(message)
    needNumbers(fields, 'U', 'u')
    needLevels(fields, 'b', 'a')
    return true
  },
}

const okx: BookDialect = {
  ...whole,
  admits(_, message) {
    const { data } = fieldsOf(message)
    if (!Array.isArray(data)) throw new UnreadableFrame('a book update without its data')
    for (const update of data) needLevels(fieldsOf(update), 'asks', 'bids')
    return true
  },
  verify(book, message) {
    const { data, action } = fieldsOf(message)
    const update = fieldsOf(Array.isArray(data) ? data.at(-1) : undefined)
    // Since it numbers its updates the venue sends 0 for the checksum; before, the time had to do.
    const checksum = number(update.checksum)
    if (checksum !== undefined && checksum !== 0 && checksum !== okxChecksum(book)) {
      throw new ChecksumMismatch(`the checksum is ${okxChecksum(book)}, the venue says ${checksum}`)
    }
    const before = book.timestampBefore
    if (action === 'update' && update.seqId === undefined && before !== undefined && Number(update.ts) < before) {
      throw new SequenceGap(`an update of ${String(update.ts)} came after one of ${before}`)
    }
  },
}

const kucoin: BookDialect = {
  ...whole,
  // Without a key the venue gives no deeper snapshot.
  snapshotDepth: 100,
  admits(_, message) {
    const { data, topic } = fieldsOf(message)
    const fields = fieldsOf(data)
    if (typeof topic !== 'string') throw new UnreadableFrame('a book update without its topic')
    if (isFields(fields.changes)) {
      needNumbers(fields, 'sequenceStart', 'sequenceEnd')
      needLevels(fields.changes, 'asks', 'bids')
    } else if (typeof fields.change === 'string') needNumbers(fields, 'sequence')
    else needLevels(fields, 'asks', 'bids')
    return true
  },
  follows(book, delta) {
    const fields = fieldsOf(delta)
    contiguous(book, number(fields.sequenceStart ?? fields.sequence))
  },
}

const gate: BookDialect = {
  ...whole,
  limit: 400,
  depth: 400,
  admits(_, message) {
    const { result, channel } = fieldsOf(message)
    const fields = fieldsOf(result)
    needNumbers(fields, 'u')
    for (const side of ['a', 'b']) if (fields[side] !== undefined) needLevels(fields, side)
    if (channel !== 'spot.obu') {
      needNumbers(fields, 'U')
      return true
    }
    if (typeof fields.s !== 'string') throw new UnreadableFrame('a book update without its market')
    return true
  },
  follows(book, delta) {
    contiguous(book, number(fieldsOf(delta).U))
  },
}

const kraken: BookDialect = {
  ...whole,
  numbers: 'json',
  limit: 1_000,
  // The venue does not say what falls out of the depth that was subscribed to.
  depth: 1_000,
  admits(exchange, message) {
    const { data, type } = fieldsOf(message)
    const first = fieldsOf(Array.isArray(data) ? data[0] : undefined)
    needLevels(first, 'asks', 'bids')
    if (typeof first.symbol !== 'string') throw new UnreadableFrame('a book update without its market')
    return type !== 'update' || first.symbol in exchange.orderbooks
  },
  verify(book, message) {
    const { data } = fieldsOf(message)
    const checksum = number(fieldsOf(Array.isArray(data) ? data[0] : undefined).checksum)
    if (checksum !== undefined && checksum !== krakenChecksum(book)) {
      throw new ChecksumMismatch(`the checksum is ${krakenChecksum(book)}, the venue says ${checksum}`)
    }
  },
}

const byExchange: Readonly<Record<string, BookDialect>> = {
  binance,
  binanceusdm: binance,
  okx,
  kucoin,
  // The snapshot of contracts is whole.
  kucoinfutures: { ...kucoin, snapshotDepth: Number.POSITIVE_INFINITY },
  gate,
  kraken,
  htx: { ...whole, numbers: 'json' },
  bitrue: { ...whole, numbers: 'json' },
  ndax: { ...whole, numbers: 'json' },
  bybit: { ...whole, limit: 200 },
  // Its class asks for a snapshot of the venue's default depth and reads updates of every depth.
  mexc: { ...whole, snapshotDepth: 100 },
}

/** Gate's contracts have a channel of 100 levels at most. */
const gateContracts: BookDialect = { ...gate, limit: 100, depth: 100 }

export const bookDialectOf = (exchange: LiveExchange): BookDialect =>
  exchange.id === 'gate' && exchange.options.defaultType !== 'spot' ? gateContracts : (byExchange[exchange.id] ?? whole)
