import { setTimeout as sleep } from 'node:timers/promises'
import { startSimulator } from '@colibri/exchange-simulator'
import t, { type Test } from 'tap'
import { exact } from '../decimals.ts'
import { openVenues } from '../open-venues.ts'
import { type CountingProxy, startCountingProxy } from '../testing/counting-proxy.ts'
import type { BookView, LiveVenue, StreamItem } from '../venue.ts'

t.setTimeout(120_000)

const eventually = async (what: string, done: () => boolean): Promise<void> => {
  const end = Date.now() + 20_000
  while (!done()) {
    if (Date.now() > end) throw new Error(`${what} did not come`)
    await sleep(10)
  }
}

interface Opened {
  readonly live: LiveVenue
  readonly proxy: CountingProxy
  drop(): Promise<void>
}

const open = async (t: Test, connectorName: string, timeoutMs = 3_000): Promise<Opened> => {
  const simulator = await startSimulator({ apiKey: 'key', apiSecret: 'secret' })
  const proxy = await startCountingProxy(simulator.port)
  const ws = simulator.wsUrl.replace(String(simulator.port), String(proxy.port))
  const venues = openVenues({ urls: { [connectorName]: { rest: simulator.restUrl, ws } }, timeoutMs })
  t.teardown(async () => {
    await venues.close()
    await proxy.close()
    await simulator.close()
  })
  return {
    live: venues.liveVenue(connectorName),
    proxy,
    drop: async () => {
      await fetch(`${simulator.controlUrl}/websockets/drop`, { method: 'POST', body: '{}' })
    },
  }
}

interface Reading<T> {
  readonly items: StreamItem<T>[]
  readonly ended: Promise<void>
}

const read = <T>(stream: AsyncIterable<StreamItem<T>>): Reading<T> => {
  const items: StreamItem<T>[] = []
  const run = async (): Promise<void> => {
    for await (const item of stream) items.push(item)
  }
  return { items, ended: run() }
}

const values = <T>({ items }: Reading<T>): T[] => items.flatMap((item) => (item.kind === 'data' ? [item.value] : []))

const isDecimal = /^\d+(\.\d*[1-9])?$/

const checkBook = (t: Test, view: BookView): void => {
  const [bids, asks] = [view.side('bids'), view.side('asks')]
  t.ok(bids.length > 0 && asks.length > 0)
  for (const { price, amount } of [...bids, ...asks]) t.ok(isDecimal.test(price) && isDecimal.test(amount))
  t.ok(exact(bids[0]?.price ?? 0).lt(asks[0]?.price ?? 0), 'not crossed')
  t.same(
    bids,
    [...bids].sort((left, right) => exact(right.price).comparedTo(left.price)),
  )
  t.same(
    asks,
    [...asks].sort((left, right) => exact(left.price).comparedTo(right.price)),
  )
  t.same(view.side('bids', 2), bids.slice(0, 2))
}

for (const connectorName of ['simulator', 'simulator_perpetual']) {
  t.test(`${connectorName}: every stream, over one connection for each address`, async (t) => {
    const { live, proxy } = await open(t, connectorName)
    const stop = new AbortController()
    const book = read(live.book('BTC-USDT', stop.signal))
    const other = read(live.book('ETH-USDT', stop.signal))
    const trades = read(live.trades('BTC-USDT', stop.signal))
    const ticker = read(live.ticker('BTC-USDT', stop.signal))
    const candles = read(live.candles('BTC-USDT', '1m', stop.signal))
    const funding = read(live.funding('BTC-USDT', stop.signal))
    const streams = [book, other, trades, ticker, candles]
    if (connectorName === 'simulator') await t.rejects(funding.ended, { name: 'VenueRefused' })
    else await eventually('funding', () => values(funding).length > 0)
    for (const stream of streams) await eventually('data', () => stream.items.length >= 2)

    const view = values(book).at(-1)
    if (view === undefined) throw new Error('no book')
    checkBook(t, view)
    t.equal(view.tradingPair, 'BTC-USDT')
    for (const trade of values(trades).flat()) {
      t.match(trade, { tradeId: /^\d+$/, price: isDecimal, amount: isDecimal, side: /^(buy|sell)$/ })
    }
    t.match(values(ticker).at(-1), { tradingPair: 'BTC-USDT', bid: isDecimal, ask: isDecimal, last: isDecimal })
    const candle = values(candles).at(-1)?.at(-1)
    t.ok(candle !== undefined && candle.quoteVolume > 0 && candle.trades > 0 && candle.takerBuyBaseVolume >= 0)
    t.equal((candle?.time ?? 1) % 60_000, 0)
    if (connectorName === 'simulator_perpetual') {
      t.match(values(funding)[0], { markPrice: isDecimal, indexPrice: isDecimal, rate: /^-?\d+(\.\d+)?$/ })
    }
    // Binance has an address for books and trades of contracts, and another one for the rest.
    t.equal(proxy.made, connectorName === 'simulator' ? 1 : 2)
    stop.abort()
    await Promise.all(streams.map(({ ended }) => ended))
    await funding.ended.catch(() => undefined)
    await eventually('the end of every connection', () => proxy.open === 0)
  })
}

t.test('a broken connection is said, and every stream begins anew', async (t) => {
  const { live, proxy, drop } = await open(t, 'simulator')
  const stop = new AbortController()
  const book = read(live.book('BTC-USDT', stop.signal))
  const trades = read(live.trades('BTC-USDT', stop.signal))
  await eventually('data', () => values(book).length > 0 && values(trades).length > 0)
  const before = values(book).at(-1)
  await drop()
  await eventually('the interruptions', () =>
    [book, trades].every(({ items }) => items.some((item) => item.kind === 'interrupted')),
  )
  const frozen = before?.side('bids')
  const count = values(book).length
  await eventually('a new book', () => values(book).length > count + 1 && book.items.at(-1)?.kind === 'data')
  await eventually('new trades', () => trades.items.at(-1)?.kind === 'data')
  t.match(
    book.items.find(({ kind }) => kind === 'interrupted'),
    { reason: 'disconnected' },
  )
  t.not(values(book).at(-1), before, 'another view')
  t.same(before?.side('bids'), frozen, 'the old one stands still')
  t.ok((values(book).at(-1)?.updateId ?? 0) > (before?.updateId ?? 0))
  const ids = values(trades)
    .flat()
    .map(({ tradeId }) => tradeId)
  t.equal(new Set(ids).size, ids.length, 'no trade twice')
  t.equal(proxy.open, 1)
  stop.abort()
  await Promise.all([book.ended, trades.ended])
})

t.test('readers share a stream, and the last one closes it', async (t) => {
  const { live, proxy } = await open(t, 'simulator')
  const [first, second] = [new AbortController(), new AbortController()]
  const one = read(live.book('BTC-USDT', first.signal))
  await eventually('the first book', () => one.items.length > 0)
  const two = read(live.book('BTC-USDT', second.signal))
  await eventually('the second book', () => two.items.length > 0)
  t.equal(values(one)[0], values(two)[0], 'one and the same book')
  first.abort()
  await one.ended
  const count = two.items.length
  await eventually('more for the second', () => two.items.length > count + 1)
  t.same(
    two.items.filter(({ kind }) => kind === 'interrupted'),
    [],
  )
  second.abort()
  await two.ended
  await eventually('the end of the connection', () => proxy.open === 0)
  t.equal(proxy.made, 1)
  const again = new AbortController()
  const three = read(live.book('BTC-USDT', again.signal))
  await eventually('a book after the pause', () => three.items.length > 1)
  again.abort()
  await three.ended
})

t.test('what a venue has not got is refused', async (t) => {
  const { live } = await open(t, 'simulator')
  const signal = new AbortController().signal
  await t.rejects(read(live.book('NO-PAIR', signal)).ended, { name: 'UnknownPair' })
  await t.rejects(read(live.candles('BTC-USDT', '7m', signal)).ended, { name: 'VenueRefused' })
  const aborted = read(live.book('BTC-USDT', AbortSignal.abort()))
  await aborted.ended
  t.same(aborted.items, [])
})

t.test('a venue that is dead holds up nobody else, and is found again', async (t) => {
  const alive = await open(t, 'simulator_perpetual')
  const { live, proxy } = await open(t, 'simulator', 500)
  const stop = new AbortController()
  proxy.freeze()
  const dead = read(live.book('BTC-USDT', stop.signal))
  const flowing = read(alive.live.book('BTC-USDT', stop.signal))
  await eventually('the other venue', () => values(flowing).length > 1)
  await eventually('the interruption', () => dead.items.some((item) => item.kind === 'interrupted'))
  t.same(values(dead), [])
  proxy.thaw()
  await eventually('the book of the venue that lives again', () => values(dead).length > 0)
  stop.abort()
  await Promise.all([dead.ended, flowing.ended])
})
