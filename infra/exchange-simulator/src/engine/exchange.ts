import type { Clock } from '../clock.ts'
import type { History } from '../journal.ts'
import { type Book, syntheticBook } from '../replay/book.ts'
import { Klines } from '../replay/klines.ts'
import { type PriceControl, Tape, type Trade } from '../replay/tape.ts'
import type { ExchangeEvent, OrderFilled } from './events.ts'
import { fundingPayments, nextFundingTime } from './funding.ts'
import { afterFill, positionOf } from './holdings.ts'
import { Exact, type Instrument, instruments, priceOf, quantityOf } from './instruments.ts'
import { reducibleLots } from './margin.ts'
import { matchTrade, type Take } from './matching.ts'
import { restoreSnapshot } from './snapshot.ts'
import { type Account, ExchangeState, type Order } from './state.ts'

export type Listener = (event: ExchangeEvent) => void

/** What one instrument needs to be traded: its tape, its candles, and how far its tape has been played. */
export interface Venue {
  readonly instrument: Instrument
  readonly tape: Tape
  readonly klines: Klines
  played: number
  /** Lots taken from the synthetic book since the last public trade, by price. */
  taken: { tradeId: number; lots: Map<number, number> }
  book: { tradeId: number; book: Book } | null
}

/**
 * The exchange behind its protocols: every change is an event that is journalled before it is applied and told to the
 * listeners. Trading happens as time passes: `play` runs the public trades since the last call into the resting orders.
 */
export class Exchange {
  readonly state = new ExchangeState()
  readonly clock: Clock
  readonly seed: number
  readonly #venues = new Map<string, Venue>()
  readonly #listeners = new Set<Listener>()
  readonly #journal: (events: readonly ExchangeEvent[]) => void
  /** Fills the journal has, but REST does not show yet: the late-fill fault. */
  readonly hiddenUntil = new Map<number, number>()
  #fundedAt: number

  constructor(options: {
    clock: Clock
    seed: number
    journal: (events: readonly ExchangeEvent[]) => void
    history: History
  }) {
    this.clock = options.clock
    this.seed = options.seed
    this.#journal = options.journal
    if (options.history.snapshot !== null) restoreSnapshot(this.state, options.history.snapshot)
    for (const event of options.history.events) this.state.apply(event)
    if (this.state.clock) this.clock.restore(this.state.clock, this.state.lastTime)
    else if (this.clock.now() < this.state.lastTime) this.clock.set(this.state.lastTime)
    this.#fundedAt = this.clock.now()
    for (const instrument of instruments) {
      const tape = new Tape(instrument, this.seed)
      this.#venues.set(instrument.key, {
        instrument,
        tape,
        klines: new Klines(tape),
        played: this.clock.now(),
        taken: { tradeId: 0, lots: new Map() },
        book: null,
      })
    }
    for (const { key, control } of this.state.controls) this.#venues.get(key)?.tape.addControl(control)
    for (const { key, trade } of this.state.prints) this.#venues.get(key)?.tape.addPrint(trade)
  }

  onEvent(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  commit(events: readonly ExchangeEvent[]): void {
    if (events.length === 0) return
    this.#journal(events)
    for (const event of events) {
      this.state.apply(event)
      for (const listener of this.#listeners) listener(event)
    }
  }

  venue(instrument: Instrument): Venue {
    return this.#venues.get(instrument.key) as Venue
  }

  get venues(): Iterable<Venue> {
    return this.#venues.values()
  }

  lastTrade(instrument: Instrument): Trade {
    return this.venue(instrument).tape.last(this.clock.now())
  }

  /** Runs the trades up to now into the resting orders of an instrument. */
  play(instrument: Instrument): void {
    if (instrument.market === 'futures') this.#payFunding()
    this.#playUntil(instrument, this.clock.now())
  }

  /** Funding is paid on what is held at its time: trades before it are played first. */
  #payFunding(): void {
    const now = this.clock.now()
    for (let due = nextFundingTime(this.#fundedAt); due <= now; due = nextFundingTime(due)) {
      this.#fundedAt = due
      for (const { instrument } of this.#venues.values())
        if (instrument.market === 'futures') this.#playUntil(instrument, due)
      this.commit(fundingPayments(this, due))
    }
    this.#fundedAt = Math.max(this.#fundedAt, now)
  }

  #playUntil(instrument: Instrument, now: number): void {
    const venue = this.venue(instrument)
    if (now <= venue.played) return
    const from = venue.played + 1
    venue.played = now
    const resting = this.state.restingOf(instrument)
    if (resting.size === 0) return
    for (const trade of venue.tape.trades(from, now + 1)) {
      this.#fillResting(instrument, trade)
      if (resting.size === 0) return
    }
  }

  playAll(): void {
    for (const { instrument } of this.#venues.values()) this.play(instrument)
  }

  /** Everything up to now is played before a control takes effect on what comes after. */
  control(instrument: Instrument, control: PriceControl): void {
    this.play(instrument)
    this.commit([{ type: 'PriceControlled', key: instrument.key, control }])
    this.venue(instrument).tape.addControl(control)
  }

  /** A public trade of our own making, now. */
  print(
    instrument: Instrument,
    trade: { readonly price: number; readonly lots: number; readonly buyerIsMaker: boolean },
  ): Trade {
    this.play(instrument)
    const venue = this.venue(instrument)
    // Not a moment later: the next play would run it into the resting orders a second time.
    const now = venue.played
    const printed: Trade = { ...trade, time: now, id: venue.tape.nextPrintId(now) }
    this.commit([{ type: 'TradePrinted', key: instrument.key, trade: printed }])
    venue.tape.addPrint(printed)
    venue.book = null
    this.#fillResting(instrument, printed)
    return printed
  }

  /** The book as others see it: synthetic levels less what was taken since the last trade, plus the resting orders. */
  book(instrument: Instrument): Book {
    const synthetic = this.syntheticBook(instrument)
    const resting = this.state.restingOf(instrument)
    if (resting.size === 0) return synthetic
    const bestBid = resting.bids[0]?.price ?? 0
    const bestAsk = resting.asks[0]?.price ?? Number.POSITIVE_INFINITY
    const merge = (levels: Book['bids'], orders: readonly Order[], sign: number): Book['bids'] => {
      const byPrice = new Map(levels.map((level) => [level.price, level.lots]))
      for (const order of orders) byPrice.set(order.price, (byPrice.get(order.price) ?? 0) + order.remaining)
      return [...byPrice].map(([price, lots]) => ({ price, lots })).sort((a, b) => (a.price - b.price) * sign)
    }
    return {
      bids: merge(
        synthetic.bids.filter((level) => level.price < bestAsk),
        resting.bids,
        -1,
      ),
      asks: merge(
        synthetic.asks.filter((level) => level.price > bestBid),
        resting.asks,
        1,
      ),
    }
  }

  syntheticBook(instrument: Instrument): Book {
    const venue = this.venue(instrument)
    const last = venue.tape.last(this.clock.now())
    if (venue.book?.tradeId !== last.id)
      venue.book = { tradeId: last.id, book: syntheticBook(instrument, this.seed, last) }
    if (venue.taken.tradeId !== last.id) venue.taken = { tradeId: last.id, lots: new Map() }
    const { lots: taken } = venue.taken
    if (taken.size === 0) return venue.book.book
    const left = (levels: Book['bids']): Book['bids'] =>
      levels
        .map((level) => ({ price: level.price, lots: level.lots - (taken.get(level.price) ?? 0) }))
        .filter((level) => level.lots > 0)
    return { bids: left(venue.book.book.bids), asks: left(venue.book.book.asks) }
  }

  /** Fills of an order that has just been accepted, against the book and the resting orders it crosses. */
  settleTakes(order: Order, takes: readonly Take<Order>[]): void {
    const { lots: taken } = this.venue(order.instrument).taken
    for (const take of takes) {
      const time = this.clock.now()
      if (take.maker) {
        this.#commitFill(take.maker, take.price, take.lots, 'maker', time)
        if (take.maker.remaining > 0 && take.maker.reduceOnly) this.#closeIfNothingToReduce(take.maker)
      } else taken.set(take.price, (taken.get(take.price) ?? 0) + take.lots)
      this.#commitFill(order, take.price, take.lots, 'taker', time)
    }
  }

  account(order: Order): Account {
    return this.state.accounts.get(order.account) as Account
  }

  #fillResting(instrument: Instrument, trade: Trade): void {
    const resting = this.state.restingOf(instrument)
    for (const { order, lots } of matchTrade(trade, resting.bids, resting.asks)) {
      const allowed = order.reduceOnly ? Math.min(lots, reducibleLots(this.account(order), order)) : lots
      // A maker trades at its own price.
      if (allowed > 0) this.#commitFill(order, order.price, allowed, 'maker', trade.time)
      if (order.remaining > 0 && order.reduceOnly) this.#closeIfNothingToReduce(order)
    }
  }

  #closeIfNothingToReduce(order: Order): void {
    if (reducibleLots(this.account(order), order) > 0) return
    this.commit([{ type: 'OrderClosed', orderId: order.id, status: 'EXPIRED', cancelId: '', time: this.clock.now() }])
  }

  #commitFill(order: Order, price: number, lots: number, liquidity: 'maker' | 'taker', time: number): void {
    this.commit([this.#fillEvent(order, price, lots, liquidity, time)])
  }

  #fillEvent(order: Order, price: number, lots: number, liquidity: 'maker' | 'taker', time: number): OrderFilled {
    const { instrument } = order
    const rate = liquidity === 'maker' ? instrument.makerFee : instrument.takerFee
    const notional = priceOf(instrument, price).mul(quantityOf(instrument, lots))
    const feeInBase = instrument.market === 'spot' && order.side === 'BUY'
    const charged = feeInBase ? quantityOf(instrument, lots) : notional
    const realized =
      instrument.market === 'futures'
        ? afterFill(positionOf(this.account(order), order.symbol, order.positionSide), order, {
            price,
            lots,
          }).realized.toFixed()
        : '0'
    return {
      type: 'OrderFilled',
      orderId: order.id,
      tradeId: this.state.lastTradeId + 1,
      price,
      lots,
      fee: charged.mul(rate).toDecimalPlaces(8, Exact.ROUND_DOWN).toFixed(),
      feeAsset: feeInBase ? instrument.base : instrument.quote,
      maker: liquidity === 'maker',
      realizedProfit: realized,
      time,
    }
  }
}
