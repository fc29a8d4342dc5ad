import type { Exchange } from '../engine/exchange.ts'
import {
  amountText,
  type Instrument,
  instruments,
  type Market,
  priceText,
  quantityText,
  scaled,
} from '../engine/instruments.ts'
import { Rejection } from '../engine/rejection.ts'
import type { Level } from '../replay/book.ts'
import { isInterval, type Kline } from '../replay/klines.ts'
import { listedAt, minuteLength, type Trade, timeOfTradeId } from '../replay/tape.ts'
import { type Call, type Params, page, type Route } from './route.ts'

const day = 24 * 60 * minuteLength

export const levelText = (instrument: Instrument, level: Level): [string, string] => [
  priceText(instrument, level.price),
  quantityText(instrument, level.lots),
]

export const klineRow = (instrument: Instrument, kline: Kline): unknown[] => [
  kline.openTime,
  priceText(instrument, kline.open),
  priceText(instrument, kline.high),
  priceText(instrument, kline.low),
  priceText(instrument, kline.close),
  volumeText(instrument, kline.volume),
  kline.closeTime,
  amountText(instrument, kline.amount),
  kline.trades,
  volumeText(instrument, kline.takerBuyVolume),
  amountText(instrument, kline.takerBuyAmount),
  '0',
]

export const volumeText = (instrument: Instrument, lots: bigint): string =>
  scaled(lots, instrument.quantityDecimals, instrument.market === 'spot' ? 8 : instrument.quantityDecimals)

/** The id that `u` and `lastUpdateId` carry: it grows with every change of a book. */
export type UpdateIds = (instrument: Instrument) => number

const depth = (call: Call, market: Market, updateIds: UpdateIds): unknown => {
  const instrument = call.params.instrument(market)
  const limit = call.params.limit(market === 'spot' ? 100 : 500, 5000)
  call.exchange.play(instrument)
  const lastUpdateId = updateIds(instrument)
  const book = call.exchange.book(instrument)
  const now = call.exchange.clock.now()
  return {
    lastUpdateId,
    ...(market === 'futures' ? { E: now, T: now } : {}),
    bids: book.bids.slice(0, limit).map((level) => levelText(instrument, level)),
    asks: book.asks.slice(0, limit).map((level) => levelText(instrument, level)),
  }
}

const recentTrades = (exchange: Exchange, instrument: Instrument, limit: number): Trade[] => {
  const now = exchange.clock.now()
  const { tape } = exchange.venue(instrument)
  const trades: Trade[] = []
  for (let end = now + 1; trades.length < limit && end > listedAt; end -= 10 * minuteLength) {
    trades.unshift(...tape.trades(end - 10 * minuteLength, end))
  }
  return trades.slice(-limit)
}

const tradesFrom = (exchange: Exchange, instrument: Instrument, params: Params, limit: number): readonly Trade[] => {
  const now = exchange.clock.now()
  const { tape } = exchange.venue(instrument)
  const fromId = params.integer('fromId')
  const startTime = params.integer('startTime')
  const endTime = Math.min(params.integer('endTime') ?? now, now)
  if (fromId === undefined && startTime === undefined && params.integer('endTime') === undefined)
    return recentTrades(exchange, instrument, limit)
  const start = fromId !== undefined ? timeOfTradeId(fromId) : (startTime ?? endTime - 60 * minuteLength)
  const found: Trade[] = []
  for (const trade of tape.trades(start, endTime + 1)) {
    if (fromId !== undefined && trade.id < fromId) continue
    found.push(trade)
    if (found.length >= limit && (fromId !== undefined || startTime !== undefined)) break
  }
  return page(found, { given: fromId !== undefined || startTime !== undefined }, limit)
}

const tradeRow = (instrument: Instrument, trade: Trade): unknown => ({
  id: trade.id,
  price: priceText(instrument, trade.price),
  qty: quantityText(instrument, trade.lots),
  quoteQty: amountText(instrument, BigInt(trade.price) * BigInt(trade.lots)),
  time: trade.time,
  isBuyerMaker: trade.buyerIsMaker,
  isBestMatch: true,
})

const aggregateRow = (instrument: Instrument, trade: Trade): unknown => ({
  a: trade.id,
  p: priceText(instrument, trade.price),
  q: quantityText(instrument, trade.lots),
  f: trade.id,
  l: trade.id,
  T: trade.time,
  m: trade.buyerIsMaker,
  M: true,
})

const klines = ({ exchange, params }: Call, market: Market): unknown => {
  const instrument = params.instrument(market)
  const interval = params.require('interval')
  if (!isInterval(interval)) throw new Rejection(-1120, 'Invalid interval.')
  const startTime = params.integer('startTime')
  const endTime = params.integer('endTime')
  const limit = params.limit(500, market === 'spot' ? 1000 : 1500)
  return exchange
    .venue(instrument)
    .klines.list({
      interval,
      limit,
      now: exchange.clock.now(),
      ...(startTime === undefined ? {} : { startTime }),
      ...(endTime === undefined ? {} : { endTime }),
    })
    .map((kline) => klineRow(instrument, kline))
}

/** The last 24 hours of an instrument. */
export const dayOf = (exchange: Exchange, instrument: Instrument): Kline => {
  const now = exchange.clock.now()
  return exchange.venue(instrument).klines.one(now - day, now + 1, now)
}

export const tickerRow = (exchange: Exchange, instrument: Instrument): Record<string, unknown> => {
  const kline = dayOf(exchange, instrument)
  const book = exchange.book(instrument)
  const last = exchange.lastTrade(instrument)
  const sign = kline.close < kline.open ? '-' : ''
  const [bid, ask] = [book.bids[0], book.asks[0]]
  return {
    symbol: instrument.symbol,
    priceChange: sign + priceText(instrument, Math.abs(kline.close - kline.open)),
    priceChangePercent: ((kline.close / kline.open - 1) * 100).toFixed(3),
    weightedAvgPrice: priceText(instrument, Number(kline.amount / (kline.volume || 1n))),
    prevClosePrice: priceText(instrument, kline.open),
    lastPrice: priceText(instrument, last.price),
    lastQty: quantityText(instrument, last.lots),
    bidPrice: priceText(instrument, bid?.price ?? 0),
    bidQty: quantityText(instrument, bid?.lots ?? 0),
    askPrice: priceText(instrument, ask?.price ?? 0),
    askQty: quantityText(instrument, ask?.lots ?? 0),
    openPrice: priceText(instrument, kline.open),
    highPrice: priceText(instrument, kline.high),
    lowPrice: priceText(instrument, kline.low),
    volume: volumeText(instrument, kline.volume),
    quoteVolume: amountText(instrument, kline.amount),
    openTime: kline.openTime,
    closeTime: kline.closeTime,
    firstId: last.id - kline.trades + 1,
    lastId: last.id,
    count: kline.trades,
  }
}

/** One instrument's row, the rows of `symbols`, or all of the market. */
const rows = (call: Call, market: Market, row: (instrument: Instrument) => unknown): unknown => {
  const one = call.params.optionalInstrument(market)
  if (one) return row(one)
  const symbols = call.params.get('symbols')
  const listed = instruments.filter((instrument) => instrument.market === market)
  if (symbols === undefined) return listed.map(row)
  const wanted = symbolList(symbols)
  if (wanted.some((symbol) => !listed.some((instrument) => instrument.symbol === symbol)))
    throw new Rejection(-1121, 'Invalid symbol.')
  return listed.filter((instrument) => wanted.includes(instrument.symbol)).map(row)
}

const symbolList = (text: string): string[] => {
  try {
    const list: unknown = JSON.parse(text)
    if (Array.isArray(list) && list.every((item) => typeof item === 'string')) return list
  } catch {}
  throw new Rejection(
    -1100,
    'Illegal characters found in parameter \'symbols\'; legal range is \'^\\[("[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}){0,1}\\]$\'.',
  )
}

const priceRow = (exchange: Exchange, instrument: Instrument): unknown => ({
  symbol: instrument.symbol,
  price: priceText(instrument, exchange.lastTrade(instrument).price),
  ...(instrument.market === 'futures' ? { time: exchange.clock.now() } : {}),
})

const bookTickerRow = (exchange: Exchange, instrument: Instrument): unknown => {
  exchange.play(instrument)
  const { bidPrice, bidQty, askPrice, askQty } = bestOf(exchange, instrument)
  return {
    symbol: instrument.symbol,
    bidPrice,
    bidQty,
    askPrice,
    askQty,
    ...(instrument.market === 'futures' ? { time: exchange.clock.now() } : {}),
  }
}

export const bestOf = (
  exchange: Exchange,
  instrument: Instrument,
): { bidPrice: string; bidQty: string; askPrice: string; askQty: string } => {
  const book = exchange.book(instrument)
  const [bidPrice, bidQty] = levelText(instrument, book.bids[0] ?? { price: 0, lots: 0 })
  const [askPrice, askQty] = levelText(instrument, book.asks[0] ?? { price: 0, lots: 0 })
  return { bidPrice, bidQty, askPrice, askQty }
}

/** The public routes both markets have, under the market's root. */
export const marketDataRoutes = (market: Market, root: string, updateIds: UpdateIds): Route[] => {
  const get = (path: string, handle: (call: Call) => unknown): Route => ({
    method: 'GET',
    path: root + path,
    operation: 'market-data',
    security: 'none',
    handle,
  })
  return [
    get('/ping', () => ({})),
    get('/time', ({ exchange }) => ({ serverTime: exchange.clock.now() })),
    get('/depth', (call) => depth(call, market, updateIds)),
    get('/trades', ({ exchange, params }) => {
      const instrument = params.instrument(market)
      return recentTrades(exchange, instrument, params.limit(500, 1000)).map((trade) => tradeRow(instrument, trade))
    }),
    get('/historicalTrades', ({ exchange, params }) => {
      const instrument = params.instrument(market)
      return tradesFrom(exchange, instrument, params, params.limit(500, 1000)).map((trade) =>
        tradeRow(instrument, trade),
      )
    }),
    get('/aggTrades', ({ exchange, params }) => {
      const instrument = params.instrument(market)
      return tradesFrom(exchange, instrument, params, params.limit(500, 1000)).map((trade) =>
        aggregateRow(instrument, trade),
      )
    }),
    get('/klines', (call) => klines(call, market)),
    get('/ticker/24hr', (call) => rows(call, market, (instrument) => tickerRow(call.exchange, instrument))),
    get('/ticker/price', (call) => rows(call, market, (instrument) => priceRow(call.exchange, instrument))),
    get('/ticker/bookTicker', (call) => rows(call, market, (instrument) => bookTickerRow(call.exchange, instrument))),
  ]
}
