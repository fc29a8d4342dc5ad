import { type Candle, type PublicVenue, VenueRefused } from '@colibri/exchange'
import type { FeedUpdate, OpenFeed } from '../../feeds/feed.ts'
import { endTimeOf, openTimeOf } from '../intervals.ts'

export interface MadeTrade {
  readonly time: number
  readonly price: number
  readonly amount: number
}

/** Candles as they are when all `trades` have happened, oldest first. */
export const candlesOf = (interval: string, trades: readonly MadeTrade[]): readonly Candle[] => {
  const candles = new Map<number, Candle>()
  for (const { time, price, amount } of trades) {
    const open = openTimeOf(interval, time)
    const before = candles.get(open)
    candles.set(open, {
      time: open,
      open: before?.open ?? price,
      high: Math.max(before?.high ?? price, price),
      low: Math.min(before?.low ?? price, price),
      close: price,
      volume: (before?.volume ?? 0) + amount,
      quoteVolume: (before?.quoteVolume ?? 0) + amount * price,
      trades: (before?.trades ?? 0) + 1,
      takerBuyBaseVolume: 0,
      takerBuyQuoteVolume: 0,
    })
  }
  return [...candles.values()].sort((left, right) => left.time - right.time)
}

/** A venue at a time of the test's own, where the test's trades happen. Its stream says what the test lets through. */
export class MadeVenue {
  readonly interval: string
  now: number
  trades: MadeTrade[] = []
  /** Of the calls so far: how many rows were asked for, from when. */
  calls: { readonly limit: number; readonly since: number | undefined }[] = []
  failure: Error | undefined
  #listeners = new Set<(update: FeedUpdate<readonly Candle[]>) => void>()
  #latest: FeedUpdate<readonly Candle[]> | undefined

  constructor(interval: string, now: number) {
    this.interval = interval
    this.now = now
  }

  truth(): readonly Candle[] {
    return candlesOf(
      this.interval,
      this.trades.filter(({ time }) => time <= this.now),
    )
  }

  readonly rest: Pick<PublicVenue, 'candles'> = {
    candles: async (_pair, _interval, limit, since) => {
      this.calls.push({ limit, since })
      if (this.failure !== undefined) throw this.failure
      if (limit < 1) throw new VenueRefused(`limit ${limit}`)
      const rows = this.truth()
      return since === undefined ? rows.slice(-limit) : rows.filter(({ time }) => time >= since).slice(0, limit)
    },
  }

  /** The stream says the newest candle as it is now, or what the test gives it. */
  say(rows: readonly Candle[] = this.truth().slice(-1)): void {
    this.#latest = { sequence: (this.#latest?.sequence ?? 0) + 1, time: this.now, value: rows }
    for (const listener of this.#listeners) listener(this.#latest)
  }

  /** The last word on a candle, after its end. */
  sayFinal(openTime: number): void {
    if (this.now < endTimeOf(this.interval, openTime)) throw new Error('the candle is still open')
    this.say(this.truth().filter(({ time }) => time === openTime))
  }

  openFeed(): OpenFeed<readonly Candle[]> {
    return {
      key: { kind: 'candles', connectorName: 'made', tradingPair: 'A-B', interval: this.interval },
      state: () => (this.#latest === undefined ? 'connecting' : 'live'),
      latest: () => this.#latest,
      ready: () => Promise.reject(new Error('nobody waits')),
      since: () => undefined,
      onUpdate: (listener) => {
        this.#listeners.add(listener)
        return () => this.#listeners.delete(listener)
      },
      close: () => this.#listeners.clear(),
    }
  }
}
