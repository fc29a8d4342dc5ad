import t from 'tap'
import { catalogue } from '../catalogue.ts'
import { openExchange } from '../ccxt-exchange.ts'
import { rateBudgets } from '../rate-budget/rate-budgets.ts'
import { ExactBook } from './exact-book.ts'
import { isLive, makeLive } from './live-exchange.ts'

const streaming = catalogue.filter(({ ccxt }) => ccxt.kind === 'exchange' && ccxt.streams)

t.test('every class of the catalogue that streams takes our books', async (t) => {
  t.ok(streaming.length > 40)
  const rest = 'http://127.0.0.1:1'
  for (const connector of streaming) {
    const exchange = await openExchange(connector, {
      urls: { rest, ws: 'ws://127.0.0.1:1' },
      timeoutMs: 1_000,
      door: 'streams',
      budgets: rateBudgets(),
      priority: 'data',
    })
    t.ok(isLive(exchange), connector.name)
    if (!isLive(exchange)) continue
    makeLive(exchange, { bookFailed: () => undefined })
    t.equal(exchange.has.watchOrderBook, true, `${connector.name} streams books`)
    t.equal(typeof exchange.handleOrderBook, 'function', `${connector.name} reads books where we expect it`)
    for (const make of [exchange.orderBook, exchange.countedOrderBook]) {
      const book = make({ bids: [['2', '0.10000000000000000001']], asks: [], nonce: 7 }, 10)
      t.ok(book instanceof ExactBook)
      t.match(book, { nonce: 7, bids: [['2', '0.10000000000000000001']] }, 'exact')
    }
    t.equal(exchange.safeFloat(['1.10000000000000000001'], 0), '1.10000000000000000001')
    await exchange.close()
  }
})
