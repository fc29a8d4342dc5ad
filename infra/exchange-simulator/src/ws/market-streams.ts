import type { Exchange } from '../engine/exchange.ts'
import { findInstrument, type Instrument, instruments, type Market } from '../engine/instruments.ts'
import { isInterval, nextOpenTime, openTimeOf } from '../replay/klines.ts'
import type { Trade } from '../replay/tape.ts'
import type { BookFeed } from './book-feed.ts'
import {
  aggTradeMessage,
  bookTickerMessage,
  depthMessage,
  klineMessage,
  markPriceMessage,
  miniTickerMessage,
  partialDepthMessage,
  type StreamMessage,
  tickerMessage,
  tradeMessage,
} from './messages.ts'

export interface MarketStreamParts {
  readonly exchange: Exchange
  readonly books: BookFeed
  /** The streams somebody listens to. */
  readonly wanted: (market: Market) => ReadonlySet<string>
  readonly publish: (market: Market, stream: string, message: StreamMessage | readonly StreamMessage[]) => void
}

/** `btcusdt@kline_1m` taken apart; `undefined` for what is no stream of an instrument. */
const parse = (
  market: Market,
  stream: string,
): { readonly instrument: Instrument; readonly channel: string } | undefined => {
  const at = stream.indexOf('@')
  const instrument = at < 0 ? undefined : findInstrument(market, stream.slice(0, at).toUpperCase())
  return instrument && { instrument, channel: stream.slice(at + 1) }
}

const isDiffDepth = (channel: string): boolean => /^(rpiDepth|depth)(@\d+ms)?$/.test(channel)
const secondMs = 1000

/** Publishes the public streams somebody listens to: one call of the returned function for each look at the clock. */
export const marketStreams = ({ exchange, books, wanted, publish }: MarketStreamParts): (() => void) => {
  const lastIds = new Map<string, number>()
  const lastBooks = new Map<string, number>()
  let lastTime = exchange.clock.now()
  let lastSecond = 0

  books.onDiff((diff) => {
    const { market, symbol } = diff.instrument
    for (const stream of wanted(market)) {
      const at = stream.indexOf('@')
      if (stream.slice(0, at) === symbol.toLowerCase() && isDiffDepth(stream.slice(at + 1)))
        publish(market, stream, depthMessage(exchange, diff))
    }
  })

  const newTrades = (instrument: Instrument, now: number): Trade[] => {
    const lastId = lastIds.get(instrument.key) ?? Number.POSITIVE_INFINITY
    const found = [...exchange.venue(instrument).tape.trades(lastTime, now + 1)].filter((trade) => trade.id > lastId)
    lastIds.set(instrument.key, exchange.lastTrade(instrument).id)
    return found
  }

  const publishTrades = (stream: string, instrument: Instrument, channel: string, trades: readonly Trade[]): void => {
    const interval = channel.startsWith('kline_') ? channel.slice(6) : undefined
    if (interval !== undefined && isInterval(interval)) {
      const last = trades.at(-1)
      if (!last) return
      const before = openTimeOf(interval, lastTime)
      if (nextOpenTime(interval, before) <= last.time)
        publish(instrument.market, stream, klineMessage(exchange, instrument, interval, lastTime))
      publish(instrument.market, stream, klineMessage(exchange, instrument, interval, last.time))
      return
    }
    if (channel !== 'trade' && channel !== 'aggTrade') return
    const message = channel === 'trade' ? tradeMessage : aggTradeMessage
    for (const trade of trades) publish(instrument.market, stream, message(exchange, instrument, trade))
  }

  const publishBook = (stream: string, instrument: Instrument, channel: string): void => {
    const partial = /^depth(5|10|20)(@\d+ms)?$/.exec(channel)
    if (channel !== 'bookTicker' && !partial && !isDiffDepth(channel)) return
    const id = books.refresh(instrument)
    const key = `${instrument.market} ${stream}`
    if (lastBooks.get(key) === id) return
    lastBooks.set(key, id)
    if (channel === 'bookTicker') publish(instrument.market, stream, bookTickerMessage(exchange, instrument, id))
    if (partial) publish(instrument.market, stream, partialDepthMessage(exchange, instrument, Number(partial[1]), id))
  }

  const publishSecond = (stream: string, instrument: Instrument, channel: string): void => {
    const { market } = instrument
    if (channel === 'ticker') publish(market, stream, tickerMessage(exchange, instrument))
    if (channel === 'miniTicker') publish(market, stream, miniTickerMessage(exchange, instrument))
    if (market === 'futures' && /^markPrice(@1s)?$/.test(channel))
      publish(market, stream, markPriceMessage(exchange, instrument))
  }

  const publishAll = (market: Market, stream: string): void => {
    const listed = instruments.filter((instrument) => instrument.market === market)
    if (stream === '!ticker@arr')
      publish(
        market,
        stream,
        listed.map((instrument) => tickerMessage(exchange, instrument)),
      )
    if (stream === '!miniTicker@arr')
      publish(
        market,
        stream,
        listed.map((instrument) => miniTickerMessage(exchange, instrument)),
      )
    if (market === 'futures' && /^!markPrice@arr(@1s)?$/.test(stream))
      publish(
        market,
        stream,
        listed.map((instrument) => markPriceMessage(exchange, instrument)),
      )
    if (stream === '!bookTicker')
      for (const instrument of listed)
        publish(market, stream, bookTickerMessage(exchange, instrument, books.refresh(instrument)))
  }

  return () => {
    const now = exchange.clock.now()
    // Once a second of wall time, whatever the exchange's clock does.
    const second = Math.floor(exchange.clock.wall() / secondMs)
    const secondPassed = second !== lastSecond
    lastSecond = second
    for (const market of ['spot', 'futures'] as const) {
      const trades = new Map<Instrument, Trade[]>()
      for (const stream of wanted(market)) {
        const parsed = parse(market, stream)
        if (!parsed) {
          if (secondPassed) publishAll(market, stream)
          continue
        }
        const { instrument, channel } = parsed
        let fresh = trades.get(instrument)
        if (!fresh) {
          fresh = newTrades(instrument, now)
          trades.set(instrument, fresh)
        }
        publishTrades(stream, instrument, channel, fresh)
        publishBook(stream, instrument, channel)
        if (secondPassed) publishSecond(stream, instrument, channel)
      }
    }
    lastTime = now
  }
}
