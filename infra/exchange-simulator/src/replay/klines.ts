import { listedAt, minuteLength, type Tape, type Trade } from './tape.ts'

/** Prices in ticks, volumes in lots, amounts in ticks × lots. */
export interface Kline {
  readonly openTime: number
  readonly closeTime: number
  open: number
  high: number
  low: number
  close: number
  volume: bigint
  amount: bigint
  trades: number
  takerBuyVolume: bigint
  takerBuyAmount: bigint
}

const second = 1000
const hour = 60 * minuteLength
const day = 24 * hour

const fixedIntervals: Readonly<Record<string, number>> = {
  '1s': second,
  '1m': minuteLength,
  '3m': 3 * minuteLength,
  '5m': 5 * minuteLength,
  '15m': 15 * minuteLength,
  '30m': 30 * minuteLength,
  '1h': hour,
  '2h': 2 * hour,
  '4h': 4 * hour,
  '6h': 6 * hour,
  '8h': 8 * hour,
  '12h': 12 * hour,
  '1d': day,
  '3d': 3 * day,
  '1w': 7 * day,
}

export const isInterval = (interval: string): boolean => interval === '1M' || interval in fixedIntervals

/** Where the kline holding `time` opens. Weeks start on Monday, months on the first, all in UTC. */
export const openTimeOf = (interval: string, time: number): number => {
  if (interval === '1M') {
    const date = new Date(time)
    return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1)
  }
  const length = fixedIntervals[interval] as number
  const origin = interval === '1w' ? -3 * day : 0
  return Math.floor((time - origin) / length) * length + origin
}

export const nextOpenTime = (interval: string, openTime: number): number => {
  if (interval !== '1M') return openTime + (fixedIntervals[interval] as number)
  const date = new Date(openTime)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1)
}

const emptyKline = (openTime: number, closeTime: number): Kline => ({
  openTime,
  closeTime,
  open: 0,
  high: 0,
  low: 0,
  close: 0,
  volume: 0n,
  amount: 0n,
  trades: 0,
  takerBuyVolume: 0n,
  takerBuyAmount: 0n,
})

const addTrade = (kline: Kline, trade: Trade): void => {
  if (kline.trades === 0) kline.open = kline.high = kline.low = trade.price
  if (trade.price > kline.high) kline.high = trade.price
  if (trade.price < kline.low) kline.low = trade.price
  kline.close = trade.price
  kline.trades++
  const amount = BigInt(trade.price) * BigInt(trade.lots)
  kline.volume += BigInt(trade.lots)
  kline.amount += amount
  if (trade.buyerIsMaker) return
  kline.takerBuyVolume += BigInt(trade.lots)
  kline.takerBuyAmount += amount
}

const addKline = (into: Kline, part: Kline): void => {
  if (part.trades === 0) return
  if (into.trades === 0) {
    into.open = part.open
    into.high = part.high
    into.low = part.low
  }
  if (part.high > into.high) into.high = part.high
  if (part.low < into.low) into.low = part.low
  into.close = part.close
  into.trades += part.trades
  into.volume += part.volume
  into.amount += part.amount
  into.takerBuyVolume += part.takerBuyVolume
  into.takerBuyAmount += part.takerBuyAmount
}

const aggregateTrades = (tape: Tape, from: number, to: number): Kline => {
  const kline = emptyKline(from, to - 1)
  for (const trade of tape.trades(from, to)) addTrade(kline, trade)
  return kline
}

/** Candles of any interval as the aggregation of one and the same tape, so that all intervals agree with the trades. */
export class Klines {
  readonly #tape: Tape
  readonly #untouched = new Map<number, Kline>()
  readonly #touched = new Map<number, Kline>()

  constructor(tape: Tape) {
    this.#tape = tape
  }

  /** The kline of `[openTime, closeTime]`, with the trades known at `now`. */
  one(openTime: number, end: number, now: number): Kline {
    const known = Math.min(end, now + 1)
    const kline = emptyKline(openTime, end - 1)
    const firstMinute = Math.ceil(Math.max(openTime, listedAt) / minuteLength)
    const lastMinute = Math.floor(known / minuteLength)
    if (firstMinute >= lastMinute) {
      addKline(kline, aggregateTrades(this.#tape, openTime, known))
      return kline
    }
    if (openTime < firstMinute * minuteLength)
      addKline(kline, aggregateTrades(this.#tape, openTime, firstMinute * minuteLength))
    for (let minute = firstMinute; minute < lastMinute; minute++) addKline(kline, this.#minute(minute))
    if (lastMinute * minuteLength < known)
      addKline(kline, aggregateTrades(this.#tape, lastMinute * minuteLength, known))
    return kline
  }

  /** As Binance answers: from `startTime`, or up to `endTime`, or the latest; oldest first. */
  list(request: { interval: string; startTime?: number; endTime?: number; limit: number; now: number }): Kline[] {
    const { interval, limit, now } = request
    const until = Math.min(request.endTime ?? now, now)
    const opens: number[] = []
    if (request.startTime !== undefined) {
      const start = Math.max(request.startTime, openTimeOf(interval, listedAt))
      let open = openTimeOf(interval, start)
      if (open < start) open = nextOpenTime(interval, open)
      for (; open <= until && opens.length < limit; open = nextOpenTime(interval, open)) opens.push(open)
    } else {
      for (
        let open = openTimeOf(interval, until);
        open >= listedAt && opens.length < limit;
        open = openTimeOf(interval, open - 1)
      )
        opens.unshift(open)
    }
    return opens.map((open) => this.one(open, nextOpenTime(interval, open), now)).filter((kline) => kline.trades > 0)
  }

  #minute(minute: number): Kline {
    const touched = this.#tape.touched(minute)
    const cache = touched ? this.#touched : this.#untouched
    const key = touched ? minute : this.#tape.phase(minute)
    const known = cache.get(key)
    if (known) return known
    const kline = aggregateTrades(this.#tape, minute * minuteLength, (minute + 1) * minuteLength)
    cache.set(key, kline)
    return kline
  }
}
