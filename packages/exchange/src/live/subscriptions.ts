import { z } from 'zod'
import { candleOf, inBase, tickerOf } from '../ccxt-public-venue.ts'
import type { MarketReply } from '../ccxt-replies.ts'
import { publicTradeReply } from '../ccxt-replies.ts'
import { decimalText } from '../decimals.ts'
import { type BookView, type Candle, type FundingInfo, type PublicTrade, type Ticker, VenueRefused } from '../venue.ts'
import { bookDialectOf } from './book-dialects.ts'
import { bookView } from './book-view.ts'
import { ExactBook } from './exact-book.ts'
import type { Subscription } from './follow.ts'
import type { LiveExchange } from './live-exchange.ts'
import { closeClients, forgetRejections, isRegistered } from './stream-clients.ts'

/** One market's streams of an exchange that is open. */
export interface StreamSource {
  readonly exchange: LiveExchange
  readonly market: MarketReply
  readonly tradingPair: string
  /** Whether anything else is read from the venue: if not, its sockets are about to be closed anyway. */
  readonly alone: () => boolean
  /** By symbol: what to call when a book turns out wrong. */
  readonly bookFailures: Map<string, (error: unknown) => void>
}

/** A venue that says nothing of a book for so long after the subscription has not understood it. */
const firstBookWithinMs = 30_000
/** Venues allow few messages a second, and many streams may be left at once. */
const unwatchWithinMs = 10_000

const within = async (ms: number, promise: Promise<unknown>): Promise<void> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([promise.catch(() => undefined), late])
  clearTimeout(timer)
}

const sizeOf = (market: MarketReply): string | null => (market.type === 'spot' ? null : market.contractSize)

/**
 * Ends one subscription. Where the venue cannot be told to forget it, a wrong one costs the connection, for only a new
 * one brings a new snapshot; one that is merely left goes on.
 */
const forgetting =
  (
    { exchange, market, alone }: StreamSource,
    method: string,
    unwatch: () => Promise<unknown>,
  ): Subscription<never>['forget'] =>
  async (why) => {
    if (why === 'lost' || (why === 'left' && alone())) return
    const stands = Object.values(exchange.clients ?? {}).some(({ isConnected }) => isConnected)
    if (!stands) return
    if (exchange.has[method] === true) await within(unwatchWithinMs, unwatch())
    else if (why !== 'left') closeClients(exchange, new Error(`begun anew: ${why}`))
    forgetRejections(exchange, market.symbol, 'unsubscribing')
  }

export const bookSubscription = (source: StreamSource): Subscription<BookView> => {
  const { exchange, market, tradingPair } = source
  const { symbol } = market
  const { limit } = bookDialectOf(exchange)
  const forget = forgetting(source, 'unWatchOrderBook', () =>
    exchange.unWatchOrderBook(symbol, limit === undefined ? {} : { limit }),
  )
  let begun = false
  let view: { readonly book: ExactBook; readonly view: BookView } | undefined
  return {
    firstWithinMs: firstBookWithinMs,
    async next() {
      if (!begun) forgetRejections(exchange, symbol, 'book')
      const next = exchange.watchOrderBook(symbol, limit)
      const standing = exchange.orderbooks[symbol]
      // A book that came before anybody waited for it: a quiet market may not change for hours.
      const here = !begun && standing instanceof ExactBook && isRegistered(exchange, standing.carrier)
      begun = true
      if (here) next.catch(() => undefined)
      const book = here ? standing : await next
      if (!(book instanceof ExactBook) || book.retired) return undefined
      if (view?.book !== book) view = { book, view: bookView(tradingPair, book, sizeOf(market)) }
      return view.view
    },
    failingBy: (fail) => void source.bookFailures.set(symbol, fail),
    async forget(why) {
      source.bookFailures.delete(symbol)
      // Where the subscription goes on unread its book does too, for there will be no other snapshot.
      if (why === 'left' && exchange.has.unWatchOrderBook !== true && !source.alone()) return
      delete exchange.orderbooks[symbol]
      await forget(why)
      delete exchange.orderbooks[symbol]
    },
  }
}

const rows = z.array(z.unknown())
/** Ids that are remembered, so that a venue that repeats its last trades on each subscription is not believed twice. */
const mostSeen = 1_000

export const tradesSubscription = (source: StreamSource, seen: Set<string>): Subscription<readonly PublicTrade[]> => {
  const { exchange, market } = source
  const isNew = (tradeId: string): boolean => {
    if (tradeId === '') return true
    if (seen.has(tradeId)) return false
    seen.add(tradeId)
    if (seen.size > mostSeen) for (const oldest of [...seen].slice(0, mostSeen / 2)) seen.delete(oldest)
    return true
  }
  return {
    async next() {
      const told = rows.parse(await exchange.watchTrades(market.symbol))
      // Kept, they would be most of what fifty pairs take.
      delete exchange.trades[market.symbol]
      const trades = told
        .map((row) => publicTradeReply.safeParse(row).data)
        .filter((trade) => trade !== undefined)
        .map(({ id, side, price, amount, timestamp }) => ({
          tradeId: id ?? '',
          price,
          amount: inBase(amount, sizeOf(market)),
          side,
          time: timestamp ?? Date.now(),
        }))
        .filter(({ tradeId }) => isNew(tradeId))
      return trades.length === 0 ? undefined : trades
    },
    forget: forgetting(source, 'unWatchTrades', () => exchange.unWatchTrades(market.symbol)),
  }
}

export const tickerSubscription = (source: StreamSource): Subscription<Ticker> => {
  const { exchange, market, tradingPair } = source
  return {
    async next() {
      return tickerOf(tradingPair, await exchange.watchTicker(market.symbol))
    },
    forget: forgetting(source, 'unWatchTicker', () => exchange.unWatchTicker(market.symbol)),
  }
}

export const candlesSubscription = (source: StreamSource, interval: string): Subscription<readonly Candle[]> => {
  const { exchange, market } = source
  return {
    async next() {
      const candles = rows.parse(await exchange.watchOHLCV(market.symbol, interval)).map(candleOf)
      return candles.length === 0 ? undefined : candles
    },
    forget: forgetting(source, 'unWatchOHLCV', () => exchange.unWatchOHLCV(market.symbol, interval)),
  }
}

/** Binance's mark price stream carries the funding rate, which ccxt's unified ticker leaves in `info`. */
const markPrice = z.object({
  info: z.object({ p: decimalText, i: decimalText, r: decimalText, T: z.coerce.number() }),
})

export const fundingSubscription = (source: StreamSource): Subscription<FundingInfo> => {
  const { exchange, market, tradingPair } = source
  return {
    async next() {
      const parsed = markPrice.safeParse(await exchange.watchMarkPrice(market.symbol))
      if (!parsed.success) return undefined
      const { p, i, r, T } = parsed.data.info
      return { tradingPair, markPrice: p, indexPrice: i, rate: r, nextFundingTime: T }
    },
    forget: forgetting(source, 'unWatchMarkPrice', () => exchange.unWatchMarkPrice(market.symbol)),
  }
}

/** Whether the exchange streams funding in a shape that is complete; others are polled. */
export const streamsFunding = (exchange: LiveExchange): boolean => exchange.id.startsWith('binance')

export const refuseUnknownInterval = (connectorName: string, exchange: LiveExchange, interval: string): void => {
  const offered = Object.keys(exchange.timeframes ?? {})
  if (!offered.includes(interval)) {
    throw new VenueRefused(`${connectorName} has no ${interval} candles; it has ${offered.join(', ') || 'none'}`)
  }
}
