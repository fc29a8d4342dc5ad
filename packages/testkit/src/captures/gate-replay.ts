import { readCapture } from './capture.ts'
import { at, type Json, levels, parse, text } from './json.ts'
import { NaiveBook } from './naive-book.ts'
import type { Answer, ReplayFrame, ReplayVenue } from './replay.ts'

const root = 'https://api.gateio.ws/api/v4/spot'

/**
 * `updates`: frames go out as they were captured, channel `spot.order_book_update`. ccxt's class speaks that channel at
 * Gate's European address alone, so the path of the websocket says `gateeu`.
 *
 * `obu`: everywhere else the class speaks `spot.obu`, which is younger than the capture: the same numbered changes
 * (`U`, `u`, `b`, `a`) under another name, with a full book (`full: true`) after the subscription instead of one by REST.
 * The server renames the envelope and sends that full book from its own.
 */
export const gateReplay = (form: 'updates' | 'obu'): ReplayVenue | undefined => {
  const capture = readCapture({ frames: 'GATEIO.ws.1.0.gz', pages: ['GATEIO.0.gz', 'GATEIO.http.0.0.gz'] })
  if (capture === undefined) return undefined
  const books = new Map<string, NaiveBook>()
  for (const [url, body] of capture.pages) {
    const { pathname, searchParams } = new URL(url)
    const id = searchParams.get('currency_pair')
    if (!pathname.endsWith('/order_book') || id === null) continue
    const snapshot = parse(body)
    const book = new NaiveBook()
    for (const side of ['bids', 'asks'] as const) book.setAll(side, levels(at(snapshot, side)))
    book.sequence = Number(at(snapshot, 'id'))
    books.set(id, book)
  }

  const obu = (market: string, result: Record<string, Json>): string =>
    JSON.stringify({
      channel: 'spot.obu',
      result: { ...result, s: `ob.${market}.400` },
      time_ms: Number(result['t'] ?? 0),
      event: 'update',
    })
  const frames: ReplayFrame[] = []
  for (const frame of capture.frames) {
    const message = parse(frame)
    const channel = text(at(message, 'channel'))
    const result = at(message, 'result')
    if (at(message, 'event') !== 'update') continue
    if (channel === 'spot.order_book_update') {
      const market = text(at(result, 's'))
      const [t, U, u, b, a] = ['t', 'U', 'u', 'b', 'a'].map((key) => at(result, key))
      frames.push({
        topic: `book ${market}`,
        market,
        text: form === 'updates' ? frame : obu(market, { t, U, u, b, a }),
        change(book) {
          if (Number(u) <= book.sequence) return
          book.setAll('bids', levels(b))
          book.setAll('asks', levels(a))
          book.sequence = Number(u)
          book.time = Number(t)
        },
      })
    } else if (channel === 'spot.trades') {
      const market = text(at(result, 'currency_pair'))
      const side = at(result, 'side') === 'buy' ? 'buy' : 'sell'
      const [tradeId, price, amount] = ['id', 'price', 'amount'].map((key) => text(at(result, key)))
      frames.push({
        topic: `trades ${market}`,
        market,
        text: frame,
        trades: [{ tradeId: tradeId ?? '', price: price ?? '', amount: amount ?? '', side }],
      })
    } else frames.push({ topic: channel, market: '', text: frame })
  }

  const fullOf = (market: string): string | undefined => {
    const book = books.get(market)
    if (book === undefined) return undefined
    const side = (name: 'bids' | 'asks'): Json => book.rows(name).map(([price, amount]) => [price, amount])
    return obu(market, { t: book.time, full: true, u: book.sequence, b: side('bids'), a: side('asks') })
  }
  return {
    connectorName: 'gate_io',
    markets: [...books.keys()].map((id) => ({ id, tradingPair: id.replace('_', '-') })),
    frames,
    books,
    ...(form === 'updates' ? { socketPath: '/gateeu' } : {}),
    page(url) {
      if (url.pathname.endsWith('/spot/currency_pairs')) return capture.pages.get(`${root}/currency_pairs`)
      if (url.pathname.endsWith('/margin/currency_pairs')) return '[]'
      if (url.pathname.endsWith('/spot/time')) return JSON.stringify({ server_time: Date.now() })
      const id = url.searchParams.get('currency_pair') ?? ''
      const book = url.pathname.endsWith('/spot/order_book') ? books.get(id) : undefined
      if (book === undefined) return undefined
      const limit = Number(url.searchParams.get('limit') ?? 10)
      const [bids, asks] = (['bids', 'asks'] as const).map((side) => book.rows(side).slice(0, limit))
      return JSON.stringify({ id: book.sequence, current: book.time, update: book.time, asks, bids })
    },
    answer(message): Answer {
      const request = parse(message)
      const [channel, event] = ['channel', 'event'].map((key) => text(at(request, key)))
      const time = Math.floor(Date.now() / 1000)
      if (channel === 'spot.ping') return { replies: [JSON.stringify({ time, channel: 'spot.pong', event: '' })] }
      const named = text(at(request, 'payload', 0))
      const market = channel === 'spot.obu' ? (named.split('.')[1] ?? '') : named
      const topic = `${channel === 'spot.trades' ? 'trades' : 'book'} ${market}`
      const reply = { time, id: at(request, 'id'), channel, event, error: null, result: { status: 'success' } }
      const replies = [JSON.stringify(reply)]
      if (event === 'unsubscribe') return { replies, unsubscribe: [topic] }
      const full = channel === 'spot.obu' ? fullOf(market) : undefined
      return { replies: full === undefined ? replies : [...replies, full], subscribe: [topic] }
    },
  }
}
