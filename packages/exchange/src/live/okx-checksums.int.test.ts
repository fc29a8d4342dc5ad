import { setImmediate as turn } from 'node:timers/promises'
import { NO_CAPTURES, okxReplay, startReplay } from '@colibri/testkit'
import t from 'tap'
import { connectorOf } from '../catalogue.ts'
import { openExchange } from '../ccxt-exchange.ts'
import { rateBudgets } from '../rate-budget/rate-budgets.ts'
import { okxChecksum } from './book-dialects.ts'
import { ExactBook } from './exact-book.ts'
import { isLive, makeLive } from './live-exchange.ts'

/** Two of them have no name in the contract, so the exchange class is asked directly. */
const symbols: Readonly<Record<string, string>> = {
  'BTC-USDT': 'BTC/USDT',
  'UNI-USD-SWAP': 'UNI/USD:UNI',
  'BTC-USD-220527': 'BTC/USD:BTC-220527',
}

const capture = okxReplay('captured')

t.test('OKX: 290 of 290 checksums', capture === undefined ? { skip: NO_CAPTURES } : {}, async (t) => {
  if (capture === undefined) return
  t.setTimeout(60_000)
  const server = await startReplay(capture)
  const exchange = await openExchange(connectorOf('okx'), {
    urls: { rest: server.restUrl, ws: server.socketUrl },
    timeoutMs: 10_000,
    door: 'streams',
    budgets: rateBudgets(),
    limit: { intervalMs: 1, windowMs: 1_000 },
    priority: 'data',
  })
  if (!isLive(exchange)) throw new Error('the class has no streams')
  t.teardown(async () => {
    await exchange.close()
    await server.close()
  })
  exchange.options.fetchMarkets = { types: ['spot', 'swap', 'future'] }
  await exchange.loadMarkets()
  const failures: unknown[] = []
  makeLive(exchange, { bookFailed: (symbol, error) => failures.push([symbol, error]) })

  const books = new Map<string, ExactBook>()
  let equal = 0
  for (const [market, symbol] of Object.entries(symbols)) {
    const book = await exchange.watchOrderBook(symbol)
    if (!(book instanceof ExactBook)) throw new Error(`${symbol} is no book of ours`)
    books.set(market, book)
    // The class did not object to the snapshot's own checksum.
    equal += 1
  }
  for (const frame of capture.frames) {
    const book = books.get(frame.market)
    const truth = capture.books.get(frame.market)
    if (frame.change === undefined || book === undefined || truth === undefined) continue
    frame.change(truth)
    const before = book.updateId
    server.send(frame)
    const end = Date.now() + 10_000
    while (book.updateId === before && Date.now() < end) await turn()
    const checksum = Number(/"checksum":(-?\d+)/.exec(frame.text)?.[1])
    if (okxChecksum(book) === checksum) equal += 1
  }
  t.same(failures, [])
  t.equal(capture.captured, 290)
  t.equal(equal, 290)
})
