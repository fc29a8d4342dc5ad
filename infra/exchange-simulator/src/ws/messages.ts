import type { Exchange } from '../engine/exchange.ts'
import { fundingRate, markOf, nextFundingTime } from '../engine/funding.ts'
import { type Instrument, priceText, quantityText } from '../engine/instruments.ts'
import { nextOpenTime, openTimeOf } from '../replay/klines.ts'
import type { Trade } from '../replay/tape.ts'
import { bestOf, klineRow, levelText, tickerRow } from '../rest/market-data.ts'
import type { BookDiff } from './book-feed.ts'

/** A market stream's messages, named and shaped as Binance does. */
export type StreamMessage = Record<string, unknown>

export const depthMessage = (exchange: Exchange, diff: BookDiff): StreamMessage => {
  const now = exchange.clock.now()
  const { instrument } = diff
  const futures = instrument.market === 'futures'
  return {
    e: 'depthUpdate',
    E: now,
    ...(futures ? { T: now } : {}),
    s: instrument.symbol,
    U: diff.first,
    u: diff.last,
    ...(futures ? { pu: diff.first - 1 } : {}),
    b: diff.bids.map((level) => levelText(instrument, level)),
    a: diff.asks.map((level) => levelText(instrument, level)),
  }
}

export const tradeMessage = (exchange: Exchange, instrument: Instrument, trade: Trade): StreamMessage => ({
  e: 'trade',
  E: exchange.clock.now(),
  s: instrument.symbol,
  t: trade.id,
  p: priceText(instrument, trade.price),
  q: quantityText(instrument, trade.lots),
  T: trade.time,
  m: trade.buyerIsMaker,
  M: true,
  ...(instrument.market === 'futures' ? { X: 'MARKET' } : {}),
})

export const aggTradeMessage = (exchange: Exchange, instrument: Instrument, trade: Trade): StreamMessage => ({
  e: 'aggTrade',
  E: exchange.clock.now(),
  s: instrument.symbol,
  a: trade.id,
  p: priceText(instrument, trade.price),
  q: quantityText(instrument, trade.lots),
  f: trade.id,
  l: trade.id,
  T: trade.time,
  m: trade.buyerIsMaker,
  M: true,
})

/** The candle of an interval that holds `time`, closed when its time is over. */
export const klineMessage = (
  exchange: Exchange,
  instrument: Instrument,
  interval: string,
  time: number,
): StreamMessage => {
  const now = exchange.clock.now()
  const open = openTimeOf(interval, time)
  const end = nextOpenTime(interval, open)
  const kline = exchange.venue(instrument).klines.one(open, end, now)
  const [t, o, h, l, c, v, T, q, n, V, Q] = klineRow(instrument, kline)
  const last = exchange.lastTrade(instrument).id
  const k = {
    t,
    T,
    s: instrument.symbol,
    i: interval,
    f: last - kline.trades + 1,
    L: last,
    o,
    c,
    h,
    l,
    v,
    n,
    x: now >= end,
    q,
    V,
    Q,
    B: '0',
  }
  return { e: 'kline', E: now, s: instrument.symbol, k }
}

export const bookTickerMessage = (exchange: Exchange, instrument: Instrument, updateId: number): StreamMessage => {
  const { bidPrice, bidQty, askPrice, askQty } = bestOf(exchange, instrument)
  const now = exchange.clock.now()
  const futures = instrument.market === 'futures' ? { e: 'bookTicker', E: now, T: now } : {}
  return { ...futures, u: updateId, s: instrument.symbol, b: bidPrice, B: bidQty, a: askPrice, A: askQty }
}

export const tickerMessage = (exchange: Exchange, instrument: Instrument, event = '24hrTicker'): StreamMessage => {
  const row = tickerRow(exchange, instrument)
  return {
    e: event,
    E: exchange.clock.now(),
    s: instrument.symbol,
    p: row['priceChange'],
    P: row['priceChangePercent'],
    w: row['weightedAvgPrice'],
    x: row['prevClosePrice'],
    c: row['lastPrice'],
    Q: row['lastQty'],
    b: row['bidPrice'],
    B: row['bidQty'],
    a: row['askPrice'],
    A: row['askQty'],
    o: row['openPrice'],
    h: row['highPrice'],
    l: row['lowPrice'],
    v: row['volume'],
    q: row['quoteVolume'],
    O: row['openTime'],
    C: row['closeTime'],
    F: row['firstId'],
    L: row['lastId'],
    n: row['count'],
  }
}

export const miniTickerMessage = (exchange: Exchange, instrument: Instrument): StreamMessage => {
  const { s, E, c, o, h, l, v, q } = tickerMessage(exchange, instrument)
  return { e: '24hrMiniTicker', E, s, c, o, h, l, v, q }
}

export const markPriceMessage = (exchange: Exchange, instrument: Instrument): StreamMessage => {
  const now = exchange.clock.now()
  const mark = markOf(exchange, instrument).toFixed(8)
  const next = nextFundingTime(now)
  return {
    e: 'markPriceUpdate',
    E: now,
    s: instrument.symbol,
    p: mark,
    i: mark,
    P: mark,
    r: fundingRate(exchange.seed, instrument, next),
    T: next,
  }
}

export const partialDepthMessage = (
  exchange: Exchange,
  instrument: Instrument,
  levels: number,
  updateId: number,
): StreamMessage => {
  const book = exchange.book(instrument)
  const bids = book.bids.slice(0, levels).map((level) => levelText(instrument, level))
  const asks = book.asks.slice(0, levels).map((level) => levelText(instrument, level))
  if (instrument.market === 'spot') return { lastUpdateId: updateId, bids, asks }
  const now = exchange.clock.now()
  return {
    e: 'depthUpdate',
    E: now,
    T: now,
    s: instrument.symbol,
    U: updateId,
    u: updateId,
    pu: updateId,
    b: bids,
    a: asks,
  }
}
