import t from 'tap'
import { plainCandle } from '../candles/testing/made-candles.ts'
import { scriptedExchange } from '../testing/scripted-live-venue.ts'
import type { FeedKey } from './feed.ts'
import { BOOK_LEVELS, type OpenUpstream, upstreams } from './upstream.ts'

const key = { connectorName: 'simulator', tradingPair: 'BTC-USDT' }

const follow = <T>(open: OpenUpstream<T>, key: FeedKey) => {
  const exchange = scriptedExchange()
  const said: (T | string)[] = []
  let wake = (): void => undefined
  const upstream = open(exchange.venue('simulator'), key, {
    update: (value) => {
      said.push(value)
      wake()
    },
    interrupted: (reason) => {
      said.push(reason)
      wake()
    },
  })
  const until = async (count: number): Promise<readonly (T | string)[]> => {
    while (said.length < count)
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    return said
  }
  return { exchange, upstream, until }
}

t.test('rows of candles that change within the gap travel once, newest, in order of time', async (t) => {
  const { exchange, upstream, until } = follow(upstreams.candles, { ...key, kind: 'candles', interval: '1m' })
  exchange.candles('BTC-USDT', [plainCandle(60, 1)])
  await until(1)
  exchange.candles('BTC-USDT', [plainCandle(120, 1)])
  exchange.candles('BTC-USDT', [plainCandle(60, 2), plainCandle(120, 2)])
  exchange.candles('BTC-USDT', [plainCandle(120, 3)])
  t.same(await until(2), [[plainCandle(60, 1)], [plainCandle(60, 2), plainCandle(120, 3)]])
  upstream.stop()
  await upstream.ended
})

t.test('an interruption lets trades that came before it out first, and drops a book that may be wrong', async (t) => {
  const trade = (tradeId: string) => ({ tradeId, price: '1', amount: '1', side: 'buy', time: 1 }) as const
  const trades = follow(upstreams.trades, { ...key, kind: 'trades' })
  trades.exchange.trades('BTC-USDT', [trade('1')])
  await trades.until(1)
  trades.exchange.trades('BTC-USDT', [trade('2')])
  trades.exchange.interrupt('trades BTC-USDT', 'disconnected')
  t.same(await trades.until(3), [[trade('1')], [trade('2')], 'disconnected'])
  trades.upstream.stop()

  const book = follow(upstreams.book, { ...key, kind: 'book' })
  const levels = Array.from({ length: 150 }, (_, index) => ({ price: String(1_000 - index), amount: '1' }))
  book.exchange.book('BTC-USDT', 1, levels, [])
  await book.until(1)
  t.equal(book.upstream.read(1_000)?.bids.length, 150)
  book.exchange.book('BTC-USDT', 2, levels, [])
  book.exchange.interrupt('book BTC-USDT', 'checksum')
  t.same(await book.until(2), [{ updateId: 1, bids: levels.slice(0, BOOK_LEVELS), asks: [] }, 'checksum'])
  t.equal(book.upstream.read(10), undefined, 'nothing is known now')
  book.upstream.stop()
})

t.test('a refusal ends the stream', async (t) => {
  const { exchange, upstream } = follow(upstreams.ticker, { ...key, kind: 'ticker' })
  exchange.refuse('BTC-USDT')
  await t.rejects(upstream.ended, { name: 'UnknownPair' })
})
