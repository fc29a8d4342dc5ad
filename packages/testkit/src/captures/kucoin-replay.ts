import { readCapture } from './capture.ts'
import { at, levels, parse, text } from './json.ts'
import { NaiveBook } from './naive-book.ts'
import type { Answer, ReplayFrame, ReplayVenue } from './replay.ts'

const root = 'https://api.kucoin.com/api'
/** Where ccxt calls a coin otherwise than the venue did. */
const renamed: Readonly<Record<string, string>> = { 'BCHSV-USDT': 'BSV-USDT' }

/** Frames go out as they were captured. The capture has whole books; without a key the venue gives the first 100 levels today. */
export const kucoinReplay = (): ReplayVenue | undefined => {
  const capture = readCapture({ frames: 'KUCOIN.ws.1.0.gz', pages: ['KUCOIN.0.gz', 'KUCOIN.http.0.0.gz'] })
  if (capture === undefined) return undefined
  const books = new Map<string, NaiveBook>()
  for (const [url, body] of capture.pages) {
    const { pathname, searchParams } = new URL(url)
    const id = searchParams.get('symbol')
    if (!pathname.endsWith('/orderbook/level2') || id === null) continue
    const data = at(parse(body), 'data')
    const book = new NaiveBook()
    for (const side of ['bids', 'asks'] as const) book.setAll(side, levels(at(data, side)))
    book.sequence = Number(at(data, 'sequence'))
    book.time = Number(at(data, 'time'))
    books.set(id, book)
  }

  const frames: ReplayFrame[] = []
  for (const frame of capture.frames) {
    const message = parse(frame)
    const topic = text(at(message, 'topic'))
    const data = at(message, 'data')
    const market = text(at(data, 'symbol')) || topic.slice(topic.indexOf(':') + 1)
    if (at(message, 'type') !== 'message') continue
    if (at(message, 'subject') === 'trade.l2update') {
      frames.push({
        topic,
        market,
        text: frame,
        change(book) {
          const last = Number(at(data, 'sequenceEnd'))
          if (last <= book.sequence) return
          book.setAll('bids', levels(at(data, 'changes', 'bids')))
          book.setAll('asks', levels(at(data, 'changes', 'asks')))
          book.sequence = last
        },
      })
    } else if (at(message, 'subject') === 'trade.l3match') {
      const side = at(data, 'side') === 'buy' ? 'buy' : 'sell'
      const [tradeId, price, amount] = ['tradeId', 'price', 'size'].map((key) => text(at(data, key)))
      frames.push({
        topic,
        market,
        text: frame,
        trades: [{ tradeId: tradeId ?? '', price: price ?? '', amount: amount ?? '', side }],
      })
    } else frames.push({ topic, market, text: frame })
  }

  return {
    connectorName: 'kucoin',
    markets: [...books.keys()].map((id) => ({ id, tradingPair: renamed[id] ?? id })),
    frames,
    books,
    greeting: '{"id":"replay","type":"welcome"}',
    page(url, socketUrl) {
      if (url.pathname.endsWith('/symbols')) return capture.pages.get(`${root}/v1/symbols`)
      // ccxt reads fees from it, which the capture has not got.
      if (url.pathname.endsWith('/allTickers')) return '{"code":"200000","data":{"time":0,"ticker":[]}}'
      if (url.pathname.endsWith('/timestamp')) return JSON.stringify({ code: '200000', data: Date.now() })
      if (url.pathname.endsWith('/bullet-public')) {
        const instanceServers = [{ endpoint: `${socketUrl}/endpoint`, pingInterval: 18_000, pingTimeout: 10_000 }]
        return JSON.stringify({ code: '200000', data: { token: 'replay', instanceServers } })
      }
      const book = url.pathname.endsWith('/level2_100') ? books.get(url.searchParams.get('symbol') ?? '') : undefined
      if (book === undefined) return undefined
      const [bids, asks] = (['bids', 'asks'] as const).map((side) => book.rows(side).slice(0, 100))
      return JSON.stringify({ code: '200000', data: { time: book.time, sequence: String(book.sequence), bids, asks } })
    },
    answer(message): Answer {
      const request = parse(message)
      const [id, topic, type] = ['id', 'topic', 'type'].map((key) => text(at(request, key)))
      if (type === 'ping') return { replies: [JSON.stringify({ id, type: 'pong' })] }
      const replies = [JSON.stringify({ id, type: 'ack' })]
      const prefix = (topic ?? '').slice(0, (topic ?? '').indexOf(':') + 1)
      const topics = (topic ?? '')
        .slice(prefix.length)
        .split(',')
        .map((market) => prefix + market)
      return type === 'unsubscribe' ? { replies, unsubscribe: topics } : { replies, subscribe: topics }
    },
  }
}
