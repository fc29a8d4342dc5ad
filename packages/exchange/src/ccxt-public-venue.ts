import { z } from 'zod'
import { readCandles } from './candle-pages.ts'
import type { Connector } from './catalogue.ts'
import type { CcxtExchange, ExchangeSettings } from './ccxt-exchange.ts'
import { bookReply, candleReply, publicTradeReply, tickerReply } from './ccxt-replies.ts'
import { ccxtSession } from './ccxt-session.ts'
import { exact } from './decimals.ts'
import { fundingInfoOf, refuseSpot } from './funding-info.ts'
import { type Candle, type PublicVenue, type Ticker, VenueRefused } from './venue.ts'

/** Rows per request; where an exchange allows fewer it cuts, and paging goes on from what came. */
const candlePageSizes: Readonly<Record<string, number>> = {
  binance: 1000,
  binanceusdm: 500,
  bitget: 200,
  bingx: 1440,
  bitrue: 1440,
  coinbase: 300,
  foxbit: 500,
  gate: 1000,
  htx: 1000,
  hyperliquid: 5000,
  kraken: 720,
  kucoin: 1500,
  kucoinfutures: 500,
  okx: 300,
  bitstamp: 1000,
  mexc: 1000,
  pacifica: 3950,
}
const defaultCandlePageSize = 500
/** More tickers than this are cheaper to ask for all at once. */
const mostSingleTickers = 5

const isBinanceFamily = (exchange: CcxtExchange): boolean => exchange.id.startsWith('binance')

/** Binance sends quote volume, trade count and taker volumes with each candle, which ccxt's six columns leave out. */
const withAllColumns = (exchange: CcxtExchange): void => {
  if (!isBinanceFamily(exchange)) return
  const sixColumns = exchange.parseOHLCV.bind(exchange)
  exchange.parseOHLCV = (row, market) => {
    const columns = sixColumns(row, market)
    return Array.isArray(row) && Array.isArray(columns)
      ? [...columns, ...[7, 8, 9, 10].map((index) => row[index])]
      : columns
  }
}

export const candleOf = (row: unknown): Candle => {
  const [time = 0, open = 0, high = 0, low = 0, close = 0, volume = 0, ...more] = candleReply.parse(row)
  const [quoteVolume = 0, trades = 0, takerBuyBaseVolume = 0, takerBuyQuoteVolume = 0] = more
  return { time, open, high, low, close, volume, quoteVolume, trades, takerBuyBaseVolume, takerBuyQuoteVolume }
}

/** Where a venue counts contracts, an amount is their number times their size. */
export const inBase = (amount: string, factor: string | null): string =>
  factor === null ? amount : exact(amount).times(factor).toFixed()

/** One ticker as ccxt describes it. */
export const tickerOf = (tradingPair: string, reply: unknown): Ticker => {
  const { last, close, bid, ask, timestamp } = tickerReply.parse(reply)
  return { tradingPair, bid, ask, last: last ?? close, time: timestamp ?? Date.now() }
}

const bookSide = (levels: z.output<typeof bookReply>['bids'], factor: string | null, depth: number, order: 1 | -1) =>
  levels
    .map(([price, amount]) => ({ price, amount: inBase(amount, factor) }))
    .sort((left, right) => order * exact(left.price).comparedTo(right.price))
    .slice(0, depth)

/** Public data of one connector through ccxt's REST class. Nothing is opened before the first call. */
export const ccxtPublicVenue = (connector: Connector, settings: ExchangeSettings): PublicVenue => {
  const session = ccxtSession(connector, settings)
  let prepared = false

  const prepare = (exchange: CcxtExchange): void => {
    if (prepared) return
    prepared = true
    withAllColumns(exchange)
  }

  return {
    connectorName: connector.name,
    orderTypes: connector.orderTypes,

    async tradingRules() {
      const { markets } = await session.refreshMarkets()
      return markets.rules
    },

    prices: (tradingPairs) =>
      session.read(async ({ exchange, markets }) => {
        const symbols = tradingPairs.filter((pair) => markets.has(pair)).map((pair) => markets.market(pair).symbol)
        if (symbols.length === 0) return new Map()
        const replies =
          exchange.has.fetchTickers === true && symbols.length > mostSingleTickers
            ? Object.values(z.record(z.string(), z.unknown()).parse(await exchange.fetchTickers(symbols)))
            : await Promise.all(symbols.map((symbol) => exchange.fetchTicker(symbol)))
        const prices = new Map<string, string>()
        for (const reply of replies) {
          const { symbol, last, close } = tickerReply.parse(reply)
          const tradingPair = markets.tradingPair(symbol)
          const price = last ?? close
          if (tradingPair !== null && price !== null) prices.set(tradingPair, price)
        }
        return prices
      }),

    tickers: () =>
      session.read(async ({ exchange, markets }) => {
        const replies = Object.entries(z.record(z.string(), z.unknown()).parse(await exchange.fetchTickers()))
        return replies.flatMap(([symbol, reply]) => {
          const tradingPair = markets.tradingPair(symbol)
          return tradingPair === null || !markets.has(tradingPair) ? [] : [tickerOf(tradingPair, reply)]
        })
      }),

    ticker: (tradingPair) =>
      session.read(async ({ exchange, markets }) =>
        tickerOf(tradingPair, await exchange.fetchTicker(markets.market(tradingPair).symbol)),
      ),

    async fundingInfo(tradingPair) {
      refuseSpot(connector)
      return session.read(({ exchange, markets }) =>
        fundingInfoOf(exchange, markets.market(tradingPair).symbol, tradingPair),
      )
    },

    orderBook: (tradingPair, depth) =>
      session.read(async ({ exchange, markets }) => {
        const market = markets.market(tradingPair)
        const book = bookReply.parse(await exchange.fetchOrderBook(market.symbol, bookDepth(exchange, depth)))
        const factor = market.type === 'spot' ? null : market.contractSize
        return {
          tradingPair,
          bids: bookSide(book.bids, factor, depth, -1),
          asks: bookSide(book.asks, factor, depth, 1),
          time: book.timestamp ?? Date.now(),
        }
      }),

    async candles(tradingPair, interval, limit, since) {
      const { exchange, markets } = await session.ready()
      prepare(exchange)
      const { symbol } = markets.market(tradingPair)
      const offered = Object.keys(exchange.timeframes ?? {})
      if (!offered.includes(interval)) {
        throw new VenueRefused(`${connector.name} has no ${interval} candles; it has ${offered.join(', ') || 'none'}`)
      }
      const page = (from: number | undefined, count: number) =>
        session.read(async () =>
          z
            .array(z.unknown())
            .parse(await exchange.fetchOHLCV(symbol, interval, from, count))
            .map(candleOf),
        )
      return readCandles(page, {
        limit,
        pageSize: candlePageSizes[exchange.id] ?? defaultCandlePageSize,
        durationMs: exchange.parseTimeframe(interval) * 1000,
        ...(since === undefined ? {} : { since }),
      })
    },

    trades: (tradingPair, limit) =>
      session.read(async ({ exchange, markets }) => {
        const market = markets.market(tradingPair)
        const factor = market.type === 'spot' ? null : market.contractSize
        return z
          .array(z.unknown())
          .parse(await exchange.fetchTrades(market.symbol, undefined, limit))
          .map((reply) => {
            const { id, side, price, amount, timestamp } = publicTradeReply.parse(reply)
            return { tradeId: id ?? '', price, amount: inBase(amount, factor), side, time: timestamp ?? Date.now() }
          })
          .sort((left, right) => left.time - right.time)
          .slice(-limit)
      }),

    close: session.close,
  }
}

const futuresDepths = [5, 10, 20, 50, 100, 500, 1000] as const

/** Exchanges that take only certain depths are asked for the next larger one. */
const bookDepth = (exchange: CcxtExchange, depth: number): number | undefined => {
  if (exchange.id === 'binanceusdm') return futuresDepths.find((offered) => offered >= depth) ?? 1000
  if (exchange.id === 'binance') return Math.min(depth, 5000)
  return undefined
}
