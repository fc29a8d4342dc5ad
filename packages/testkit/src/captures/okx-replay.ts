import { crc32 } from 'node:zlib'
import { readCapture } from './capture.ts'
import { at, type Json, levels, list, parse, text } from './json.ts'
import { NaiveBook } from './naive-book.ts'
import type { Answer, ReplayFrame, ReplayMarket, ReplayVenue } from './replay.ts'

/** Our own reckoning of the venue's checksum: 25 levels by turns, joined by colons, CRC32 as a signed number. */
const checksumOf = (book: NaiveBook): number => {
  const [bids, asks] = [book.rows('bids'), book.rows('asks')]
  const parts = Array.from({ length: 25 }, (_, index) => [...(bids[index] ?? []), ...(asks[index] ?? [])]).flat()
  return crc32(parts.join(':')) | 0
}

const topicOf = (arg: Json): string => `${text(at(arg, 'channel'))} ${text(at(arg, 'instId'))}`

/** The frame as the venue sends it today: numbered, with no checksum to speak of. The numbers are made up here. */
const numbered = (frame: string, sequence: number): string =>
  frame.replace(/"checksum":-?\d+/, `"checksum":0,"prevSeqId":${sequence - 1},"seqId":${sequence}`)

/**
 * `captured`: frames go out as they came in May 2022, when updates had a checksum and no number. `numbered`: as today, when
 * it is the other way round. Of the three instruments only the spot one has a name in the contract.
 */
export const okxReplay = (form: 'captured' | 'numbered'): (ReplayVenue & { readonly captured: number }) | undefined => {
  const capture = readCapture({ frames: 'OKX.ws.1.0.gz', pages: ['OKX.0.gz'] })
  if (capture === undefined) return undefined
  const books = new Map<string, NaiveBook>()
  const frames: ReplayFrame[] = []
  const sequences = new Map<string, number>()
  let captured = 0

  for (const frame of capture.frames) {
    const message = parse(frame)
    const arg = at(message, 'arg')
    const market = text(at(arg, 'instId'))
    const topic = topicOf(arg)
    const data = at(message, 'data', 0)
    const apply = (book: NaiveBook): void => {
      book.setAll('bids', levels(at(data, 'bids')))
      book.setAll('asks', levels(at(data, 'asks')))
      book.time = Number(at(data, 'ts'))
      if (checksumOf(book) !== at(data, 'checksum')) throw new Error(`the rebuilt book of ${market} is not the venue’s`)
    }
    if (at(message, 'event') !== undefined || data === undefined) continue
    if (at(message, 'action') === 'snapshot') {
      const book = new NaiveBook()
      apply(book)
      books.set(market, book)
      captured += 1
    } else if (at(message, 'action') === 'update') {
      const sequence = (sequences.get(market) ?? 0) + 1
      sequences.set(market, sequence)
      const change = (book: NaiveBook): void => {
        apply(book)
        book.sequence = sequence
      }
      frames.push({ topic, market, text: form === 'captured' ? frame : numbered(frame, sequence), change })
      captured += 1
    } else if (at(arg, 'channel') === 'trades') {
      const trades = list(at(message, 'data')).map((row) => ({
        tradeId: text(at(row, 'tradeId')),
        price: text(at(row, 'px')),
        amount: text(at(row, 'sz')),
        side: at(row, 'side') === 'buy' ? ('buy' as const) : ('sell' as const),
      }))
      frames.push({ topic, market, text: frame, trades })
    } else frames.push({ topic, market, text: frame })
  }

  const snapshotOf = (market: string): string | undefined => {
    const book = books.get(market)
    if (book === undefined) return undefined
    const side = (name: 'bids' | 'asks') => book.rows(name).map(([price, amount]) => [price, amount, '0', '1'])
    const ts = String(book.time)
    const proof =
      form === 'captured' ? { checksum: checksumOf(book) } : { checksum: 0, prevSeqId: -1, seqId: book.sequence }
    const data = [{ asks: side('asks'), bids: side('bids'), ts, ...proof }]
    return JSON.stringify({ arg: { channel: 'books', instId: market }, action: 'snapshot', data })
  }
  const markets: readonly ReplayMarket[] = [{ id: 'BTC-USDT', tradingPair: 'BTC-USDT' }]
  return {
    connectorName: 'okx',
    captured,
    markets,
    frames,
    books,
    page(url) {
      if (url.pathname === '/api/v5/public/time') {
        return JSON.stringify({ code: '0', data: [{ ts: String(Date.now()) }], msg: '' })
      }
      const type = url.searchParams.get('instType') ?? ''
      return url.pathname === '/api/v5/public/instruments'
        ? capture.pages.get(`https://www.okx.com/api/v5/public/instruments?instType=${type}`)
        : undefined
    },
    answer(message): Answer {
      if (message === 'ping') return { replies: ['pong'] }
      const request = parse(message)
      const args = list(at(request, 'args'))
      const topics = args.map(topicOf)
      const event = text(at(request, 'op'))
      const confirmed = args.map((arg) => JSON.stringify({ event, arg, connId: 'replay' }))
      if (event === 'unsubscribe') return { replies: confirmed, unsubscribe: topics }
      const snapshots = args
        .filter((arg) => at(arg, 'channel') === 'books')
        .map((arg) => snapshotOf(text(at(arg, 'instId'))))
        .filter((snapshot) => snapshot !== undefined)
      return { replies: [...confirmed, ...snapshots], subscribe: topics }
    },
  }
}
