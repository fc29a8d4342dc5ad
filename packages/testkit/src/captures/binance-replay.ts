import { readCapture } from './capture.ts'
import { at, levels, list, parse, text } from './json.ts'
import { NaiveBook } from './naive-book.ts'
import type { Answer, ReplayFrame, ReplayVenue } from './replay.ts'

/** Levels of a side in one answer of the REST API. */
const snapshotLevels = 1000

const kinds = {
  spot: {
    connectorName: 'binance',
    frames: 'BINANCE.ws.1.0.gz',
    pages: ['BINANCE.0.gz', 'BINANCE.http.0.0.gz'],
    root: 'https://api.binance.com/api/v3',
    path: '/api/v3',
    /** The first update that a snapshot does not hold already. */
    follows: (last: number, sequence: number) => last > sequence,
    ids: { NKNUSDT: 'NKN-USDT', BLZETH: 'BLZ-ETH', LRCBTC: 'LRC-BTC', RUNEEUR: 'RUNE-EUR' },
  },
  futures: {
    connectorName: 'binance_perpetual',
    frames: 'BINANCE_FUTURES.ws.1.0.gz',
    pages: ['BINANCE_FUTURES.0.gz', 'BINANCE_FUTURES.http.0.0.gz'],
    root: 'https://fapi.binance.com/fapi/v1',
    path: '/fapi/v1',
    follows: (last: number, sequence: number) => last >= sequence,
    ids: { SUSHIUSDT: 'SUSHI-USDT', AKROUSDT: 'AKRO-USDT', KEEPUSDT: 'KEEP-USDT', CTKUSDT: 'CTK-USDT' },
  },
} as const

/**
 * Frames go out as they were captured, in the envelope of a combined stream. ccxt subscribes to `@trade` where the capture
 * has `@aggTrade`: those who want the one get the other.
 */
export const binanceReplay = (kind: keyof typeof kinds): ReplayVenue | undefined => {
  const { connectorName, frames, pages, root, path, follows, ids } = kinds[kind]
  const capture = readCapture({ frames, pages })
  if (capture === undefined) return undefined
  const books = new Map<string, NaiveBook>()
  for (const id of Object.keys(ids)) {
    const snapshot = parse(capture.pages.get(`${root}/depth?symbol=${id}&limit=${snapshotLevels}`) ?? 'null')
    const book = new NaiveBook()
    for (const side of ['bids', 'asks'] as const) book.setAll(side, levels(at(snapshot, side)))
    book.sequence = Number(at(snapshot, 'lastUpdateId'))
    book.time = Number(at(snapshot, 'T') ?? 0)
    books.set(id, book)
  }

  const frameOf = (frame: string): ReplayFrame => {
    const message = parse(frame)
    const data = at(message, 'data')
    const topic = text(at(message, 'stream')).replace('@aggTrade', '@trade')
    const market = text(at(data, 's'))
    if (at(data, 'e') === 'depthUpdate') {
      return {
        topic,
        market,
        text: frame,
        change(book) {
          const last = Number(at(data, 'u'))
          if (!follows(last, book.sequence)) return
          book.setAll('bids', levels(at(data, 'b')))
          book.setAll('asks', levels(at(data, 'a')))
          book.sequence = last
          book.time = Number(at(data, 'E'))
        },
      }
    }
    if (at(data, 'e') !== 'aggTrade') return { topic, market, text: frame }
    const side = at(data, 'm') === true ? 'sell' : 'buy'
    const [tradeId, price, amount] = ['a', 'p', 'q'].map((key) => text(at(data, key)))
    return {
      topic,
      market,
      text: frame,
      trades: [{ tradeId: tradeId ?? '', price: price ?? '', amount: amount ?? '', side }],
    }
  }

  return {
    connectorName,
    markets: Object.entries(ids).map(([id, tradingPair]) => ({ id, tradingPair })),
    frames: capture.frames.map(frameOf),
    books,
    page(url) {
      if (url.pathname === `${path}/exchangeInfo`) return capture.pages.get(`${root}/exchangeInfo`)
      if (url.pathname === `${path}/time`) return JSON.stringify({ serverTime: Date.now() })
      const book = url.pathname === `${path}/depth` ? books.get(url.searchParams.get('symbol') ?? '') : undefined
      if (book === undefined) return undefined
      const limit = Number(url.searchParams.get('limit') ?? 100)
      const times = kind === 'futures' ? { E: book.time, T: book.time } : {}
      const [bids, asks] = (['bids', 'asks'] as const).map((side) => book.rows(side).slice(0, limit))
      return JSON.stringify({ lastUpdateId: book.sequence, ...times, bids, asks })
    },
    answer(message): Answer {
      const request = parse(message)
      const params = list(at(request, 'params')).map(text)
      const replies = [JSON.stringify({ result: null, id: at(request, 'id') })]
      return at(request, 'method') === 'UNSUBSCRIBE' ? { replies, unsubscribe: params } : { replies, subscribe: params }
    },
  }
}
