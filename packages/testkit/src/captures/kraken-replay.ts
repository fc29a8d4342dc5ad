import { crc32 } from 'node:zlib'
import { readCapture } from './capture.ts'
import { at, type Json, levels, list, parse, text } from './json.ts'
import { NaiveBook } from './naive-book.ts'
import type { Answer, ReplayFrame, ReplayVenue } from './replay.ts'

/** The depth that the capture was subscribed with. */
const depth = 1000

const bare = (number: string): string => number.replace('.', '').replace(/^0+/, '')

/** Pairs had no status when they were captured; today one without is taken for closed. */
const withStatus = (pairs: string | undefined): string | undefined =>
  pairs?.replaceAll('{"altname":', '{"status":"online","altname":')

/** Our own reckoning of the venue's checksum: ten asks, then ten bids, without points and leading zeros. */
const checksumOf = (book: NaiveBook): number =>
  crc32([...book.rows('asks').slice(0, 10), ...book.rows('bids').slice(0, 10)].flat().map(bare).join(''))

const entries = (rows: readonly (readonly string[])[]): string =>
  `[${rows.map(([price, amount]) => `{"price":${price},"qty":${amount}}`).join(',')}]`

const bookMessage = (
  type: 'snapshot' | 'update',
  symbol: string,
  sides: { readonly bids: readonly (readonly string[])[]; readonly asks: readonly (readonly string[])[] },
  checksum: string | number,
  time: number,
): string =>
  `{"channel":"book","type":"${type}","data":[{"symbol":"${symbol}","bids":${entries(sides.bids)},` +
  `"asks":${entries(sides.asks)},"checksum":${checksum},"timestamp":"${new Date(time).toISOString()}"}]}`

const symbolOf = (wsName: string): string => wsName.replace('XBT/', 'BTC/').replace('/XBT', '/BTC')

/**
 * The capture is of version 1 of the venue's websocket API, ccxt's class speaks version 2. The server puts the same levels,
 * with the same digits, under the names of version 2; the checksum is reckoned alike in both, and version 2 adds one to the
 * snapshot, which the server reckons. The capture holds books only.
 */
export const krakenReplay = (): ReplayVenue | undefined => {
  const capture = readCapture({ frames: 'KRAKEN.ws.50.0.gz', pages: ['KRAKEN.0.gz'] })
  if (capture === undefined) return undefined
  const books = new Map<string, NaiveBook>()
  const frames: ReplayFrame[] = []
  for (const frame of capture.frames) {
    const message = list(parse(frame))
    if (message.length === 0) continue
    const market = symbolOf(text(message.at(-1)))
    const parts = message.slice(1, -2)
    const rowsOf = (key: string) => parts.flatMap((part) => levels(at(part, key)))
    const timeOf = (rows: readonly (readonly string[])[]) =>
      Math.max(0, ...rows.map((row) => Math.floor(Number(row[2]) * 1000)))
    if (at(parts[0], 'as') !== undefined || at(parts[0], 'bs') !== undefined) {
      const book = new NaiveBook()
      book.setAll('bids', rowsOf('bs'))
      book.setAll('asks', rowsOf('as'))
      book.time = timeOf([...rowsOf('bs'), ...rowsOf('as')])
      books.set(market, book)
      continue
    }
    const [bids, asks] = [rowsOf('b'), rowsOf('a')]
    const checksum = text(parts.map((part) => at(part, 'c')).find((value) => value !== undefined))
    const time = timeOf([...bids, ...asks])
    frames.push({
      topic: `book ${market}`,
      market,
      text: bookMessage('update', market, { bids, asks }, checksum, time),
      change(book) {
        book.setAll('bids', bids)
        book.setAll('asks', asks)
        book.keep(depth)
        book.time = time
        if (String(checksumOf(book)) !== checksum) throw new Error(`the rebuilt book of ${market} is not the venue’s`)
      },
    })
  }

  return {
    connectorName: 'kraken',
    markets: [...books.keys()].map((id) => ({ id, tradingPair: id.replace('/', '-') })),
    frames,
    books,
    page: (url) =>
      url.pathname === '/0/public/AssetPairs'
        ? withStatus(capture.pages.get('https://api.kraken.com/0/public/AssetPairs'))
        : url.pathname === '/0/public/Time'
          ? JSON.stringify({ error: [], result: { unixtime: Math.floor(Date.now() / 1000) } })
          : undefined,
    answer(message): Answer {
      const request = parse(message)
      if (at(request, 'method') === 'ping') return { replies: ['{"method":"pong"}'] }
      const params = at(request, 'params')
      const channel = text(at(params, 'channel'))
      const symbols = list(at(params, 'symbol')).map(text)
      const topics = symbols.map((symbol) => `${channel} ${symbol}`)
      const method = text(at(request, 'method'))
      const confirmed = symbols.map((symbol) => {
        const result: Json = { channel, symbol, depth: at(params, 'depth') }
        return JSON.stringify({ method, result, success: true, req_id: at(request, 'req_id') })
      })
      if (method === 'unsubscribe') return { replies: confirmed, unsubscribe: topics }
      const snapshots = symbols.flatMap((symbol) => {
        const book = channel === 'book' ? books.get(symbol) : undefined
        if (book === undefined) return []
        const sides = { bids: book.rows('bids'), asks: book.rows('asks') }
        return [bookMessage('snapshot', symbol, sides, checksumOf(book), book.time)]
      })
      return { replies: [...confirmed, ...snapshots], subscribe: topics }
    },
  }
}
