import { z } from 'zod'
import type { CcxtExchange } from '../ccxt-exchange.ts'
import { type BookDialect, bookDialectOf } from './book-dialects.ts'
import { ExactBook } from './exact-book.ts'
import { BookOutrun, SequenceGap } from './interruptions.ts'
import { type StreamClient, superviseClients } from './stream-clients.ts'

/** What the streams of a ccxt exchange class add. Which of the methods work is said by `has`. */
export interface LiveExchange extends CcxtExchange {
  orderbooks: Record<string, unknown>
  ohlcvs: Record<string, Record<string, unknown> | undefined>
  safeFloat: (row: unknown, key: string | number) => unknown
  safeFloat2: (row: unknown, key: string | number, other: string | number) => unknown
  safeString2(row: unknown, key: string | number, other: string | number): string | undefined
  orderBook(snapshot?: object, depth?: number): unknown
  countedOrderBook(snapshot?: object, depth?: number): unknown
  client(url: string): StreamClient
  onClose(client: StreamClient, error: unknown): void
  handleOrderBook?(client: StreamClient, message: unknown): unknown
  handleOrderBookSubscription?(client: StreamClient, message: unknown, subscription?: unknown): unknown
  loadOrderBook(
    client: StreamClient,
    messageHash: string,
    symbol: string,
    limit: number | undefined,
    params: object,
  ): Promise<unknown>
  getCacheIndex?(book: unknown, cache: readonly unknown[]): number
  handleDelta?(book: unknown, delta: unknown): unknown
  handleOHLCV?(client: StreamClient, message: unknown): unknown
  findTimeframe(interval: string): string | undefined
  watchOrderBook(symbol: string, limit?: number): Promise<unknown>
  unWatchOrderBook(symbol: string, params?: object): Promise<unknown>
  watchTrades(symbol: string): Promise<unknown>
  /** Trades by symbol, a thousand each, that nobody asks for twice. */
  trades: Record<string, unknown>
  unWatchTrades(symbol: string): Promise<unknown>
  watchTicker(symbol: string): Promise<unknown>
  unWatchTicker(symbol: string): Promise<unknown>
  watchOHLCV(symbol: string, timeframe: string): Promise<unknown>
  unWatchOHLCV(symbol: string, timeframe: string): Promise<unknown>
  watchMarkPrice(symbol: string): Promise<unknown>
  unWatchMarkPrice(symbol: string): Promise<unknown>
}

export const isLive = (exchange: CcxtExchange): exchange is LiveExchange =>
  'watchOrderBook' in exchange && 'client' in exchange && 'orderBook' in exchange

export interface LiveExchangeEvents {
  /** A book of this symbol turned out wrong: it stands still, and the venue must be asked anew. */
  bookFailed(symbol: string, error: unknown): void
}

/** Update ids grow over restarts and replicas too, as far as their clocks agree. */
const updateIds = (): (() => number) => {
  let last = Date.now() * 1000
  return () => {
    last += 1
    return last
  }
}

/** Binance spreads subscriptions over many sockets unless it is told otherwise; its own limit is 1024 of them on one. */
const oneSocket = (exchange: LiveExchange): void => {
  if (!exchange.id.startsWith('binance')) return
  const kinds = ['spot', 'margin', 'future', 'delivery', 'option']
  const all = (value: number) => Object.fromEntries(kinds.map((kind) => [kind, value]))
  exchange.options.streamLimits = all(1)
  exchange.options.subscriptionLimitByStream = all(1024)
}

/** More updates than ever wait for a snapshot. */
const never = Number.MAX_SAFE_INTEGER

/**
 * KuCoin's and Gate's classes ask for a snapshot only after several updates, so that it is no older than the first: a quiet
 * market would have no book for hours. Here it is asked for as soon as the subscription stands, and again where the answer
 * is older than the first update that waits for it.
 */
const snapshotAtOnce = (exchange: LiveExchange): void => {
  if (!/^(kucoin|gate)/.test(exchange.id)) return
  const given = typeof exchange.options.watchOrderBook === 'object' ? exchange.options.watchOrderBook : {}
  exchange.options.watchOrderBook = { ...given, snapshotDelay: never, snapshotMaxRetries: 8 }
  const cacheIndex = exchange.getCacheIndex?.bind(exchange)
  if (cacheIndex !== undefined) {
    exchange.getCacheIndex = (book, cache) => (cache.length === 0 ? 0 : cacheIndex(book, cache))
  }
  const subscribed = exchange.handleOrderBookSubscription?.bind(exchange)
  exchange.handleOrderBookSubscription = (client, message, subscription) => {
    subscribed?.(client, message, subscription)
    const { symbol, symbols = [symbol], limit } = orderBookSubscription.parse(subscription)
    for (const one of symbols) {
      if (one === undefined) continue
      // What goes wrong with it is told to whoever waits for the book.
      exchange.loadOrderBook(client, `orderbook:${one}`, one, limit, {}).catch(() => undefined)
    }
  }
}

const orderBookSubscription = z.object({
  symbol: z.string().optional(),
  symbols: z.array(z.string()).optional(),
  limit: z.number().optional(),
})

/** By default ccxt takes Binance's small ticker, which has no best bid and ask. */
const fullTicker = (exchange: LiveExchange): void => {
  if (exchange.id.startsWith('binance')) exchange.options.watchTickers = { name: 'ticker' }
}

/** Subscriptions at most this many a second, where the venue's class says nothing of it. */
const subscriptionsPerSecond = 10

/** By default ccxt paces the messages to a venue like requests by REST, which takes a minute for fifty books at some. */
const paceSubscriptions = (exchange: LiveExchange): void => {
  const given = typeof exchange.options.ws === 'object' ? exchange.options.ws : {}
  const cost = Math.min(1, 1000 / subscriptionsPerSecond / exchange.rateLimit)
  exchange.options.ws = { cost, ...given }
}

/** Binance sends quote volume, trade count and taker volumes with each candle, which ccxt's six columns leave out. */
const withAllColumns = (exchange: LiveExchange): void => {
  const handle = exchange.handleOHLCV?.bind(exchange)
  if (handle === undefined || !exchange.id.startsWith('binance')) return
  exchange.handleOHLCV = (client, message) => {
    const kline = typeof message === 'object' && message !== null && 'k' in message ? message.k : undefined
    const time = Number(exchange.safeString(kline, 't'))
    handle(client, message)
    const timeframe = exchange.findTimeframe(exchange.safeString(kline, 'i') ?? '')
    for (const byTimeframe of Object.values(exchange.ohlcvs)) {
      const rows = byTimeframe?.[timeframe ?? '']
      const last: unknown = Array.isArray(rows) ? rows.at(-1) : undefined
      if (Array.isArray(last) && last.length === 6 && last[0] === time) {
        last.push(...['q', 'n', 'V', 'Q'].map((column) => exchange.safeString(kline, column)))
      }
    }
  }
}

/** Applies each message to a book whole or not at all. Returns what is to be done when ccxt hands a book to its watchers. */
const transactionalBooks = (
  exchange: LiveExchange,
  dialect: BookDialect,
  events: LiveExchangeEvents,
): ((result: unknown, client: StreamClient) => void) => {
  const touched = new Set<ExactBook>()
  let handling = false
  const owner = {
    touched: (book: ExactBook) => void touched.add(book),
    nextUpdateId: updateIds(),
    depth: dialect.depth,
    snapshotDepth: dialect.snapshotDepth,
  }
  exchange.orderBook = (snapshot = {}) => new ExactBook(owner, snapshot)
  exchange.countedOrderBook = exchange.orderBook

  const symbolOf = (book: ExactBook): string | undefined =>
    book.symbol !== undefined && exchange.orderbooks[book.symbol] === book
      ? book.symbol
      : Object.entries(exchange.orderbooks).find(([, value]) => value === book)?.[0]

  const fail = (book: ExactBook, error: unknown): void => {
    const symbol = symbolOf(book)
    book.rollback()
    book.retire()
    // Where ccxt has thrown the book away itself, it has told its watchers too.
    if (symbol === undefined) return
    delete exchange.orderbooks[symbol]
    events.bookFailed(symbol, error)
  }

  const settle = (message?: unknown, error?: unknown): void => {
    if (touched.size === 0) return
    const books = [...touched]
    touched.clear()
    for (const book of books) {
      try {
        if (error !== undefined) throw error
        if (symbolOf(book) === undefined) throw new SequenceGap('the exchange class dropped the book')
        book.cut()
        if (book.outrun) throw new BookOutrun('the price left the range of the snapshot')
        if (message !== undefined) dialect.verify?.(book, message)
        book.commit()
        touched.delete(book)
      } catch (wrong) {
        fail(book, wrong)
        touched.delete(book)
      }
    }
  }

  const { follows } = dialect
  const handleDelta = exchange.handleDelta?.bind(exchange)
  if (follows !== undefined && handleDelta !== undefined) {
    exchange.handleDelta = (book, delta) => {
      if (book instanceof ExactBook) {
        touched.add(book)
        follows(book, delta)
      }
      return handleDelta(book, delta)
    }
  }

  const handleOrderBook = exchange.handleOrderBook?.bind(exchange)
  if (handleOrderBook !== undefined) {
    exchange.handleOrderBook = (client, message) => {
      settle()
      if (dialect.admits?.(exchange, message) === false) return
      handling = true
      try {
        handleOrderBook(client, message)
      } catch (error) {
        // Nothing was touched: not a book is wrong, the frame is.
        if (touched.size === 0) throw error
        settle(message, error)
      } finally {
        handling = false
      }
      settle(message)
    }
  }
  return (result, client) => {
    if (!(result instanceof ExactBook)) return
    if (!handling) settle()
    result.carrier = client
  }
}

/** Nothing more is told of the books of a connection that is gone. */
const retireBooks = (exchange: LiveExchange, client: StreamClient): void => {
  for (const [symbol, book] of Object.entries(exchange.orderbooks)) {
    if (!(book instanceof ExactBook) || book.carrier !== client) continue
    book.retire()
    delete exchange.orderbooks[symbol]
  }
}

/** Makes a ccxt exchange fit for streams that are exact, survive nonsense and use one socket for each address. */
export const makeLive = (exchange: LiveExchange, events: LiveExchangeEvents): void => {
  const dialect = bookDialectOf(exchange)
  exchange.safeFloat = (row, key) => exchange.safeString(row, key)
  exchange.safeFloat2 = (row, key, other) => exchange.safeString2(row, key, other)
  oneSocket(exchange)
  fullTicker(exchange)
  snapshotAtOnce(exchange)
  paceSubscriptions(exchange)
  withAllColumns(exchange)
  const publishing = transactionalBooks(exchange, dialect, events)
  superviseClients(exchange, { numbers: dialect.numbers, publishing, gone: (client) => retireBooks(exchange, client) })
}
