import type { BookLevel, BookView, Candle, FundingInfo, OrderBook, PublicTrade, PublicVenue, Ticker } from '../venue.ts'

/** Levels of a polled book, trades of one question, candles of one question. */
const bookDepth = 100
const tradesAtOnce = 100
const candlesAtOnce = 3

const viewOf = (book: OrderBook, updateId: number): BookView => ({
  tradingPair: book.tradingPair,
  updateId,
  time: book.time,
  side: (side, depth): readonly BookLevel[] => book[side].slice(0, depth),
})

const sameRow = (one: Candle | undefined, other: Candle): boolean =>
  one !== undefined && JSON.stringify(one) === JSON.stringify(other)

/** What a stream would tell, asked for by REST: each function answers once, with `undefined` for nothing new. */
export const polled = (venue: () => PublicVenue) => ({
  book: (tradingPair: string) => {
    let updateId = Date.now() * 1000
    return async (): Promise<BookView> => viewOf(await venue().orderBook(tradingPair, bookDepth), ++updateId)
  },
  trades: (tradingPair: string) => {
    let known: ReadonlySet<string> | undefined
    return async (): Promise<readonly PublicTrade[] | undefined> => {
      const trades = await venue().trades(tradingPair, tradesAtOnce)
      const idOf = (trade: PublicTrade): string => trade.tradeId || `${trade.time} ${trade.price} ${trade.amount}`
      const before = known
      known = new Set(trades.map(idOf))
      // What happened before the stream began is history.
      const fresh = before === undefined ? [] : trades.filter((trade) => !before.has(idOf(trade)))
      return fresh.length === 0 ? undefined : fresh
    }
  },
  ticker: (tradingPair: string) => (): Promise<Ticker> => venue().ticker(tradingPair),
  candles: (tradingPair: string, interval: string) => {
    let known = new Map<number, Candle>()
    return async (): Promise<readonly Candle[] | undefined> => {
      const candles = await venue().candles(tradingPair, interval, candlesAtOnce)
      const fresh = candles.filter((candle) => !sameRow(known.get(candle.time), candle))
      known = new Map(candles.map((candle) => [candle.time, candle]))
      return fresh.length === 0 ? undefined : fresh
    }
  },
  funding: (tradingPair: string) => (): Promise<FundingInfo> => venue().fundingInfo(tradingPair),
})
