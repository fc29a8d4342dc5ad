import type { ConnectorPair } from '../executors/executor-config.ts'
import type { Side } from '../executors/side.ts'
import { Decimal, ZERO } from './decimal.ts'
import type { PositionSummary } from './positions.ts'

/** What was executed, of one order or of several at once. */
export interface HoldFill {
  readonly side: Side
  readonly base: Decimal
  readonly quote: Decimal
  /** The same as doubles, for the totals, of which no later digit depends. */
  readonly baseAmount: number
  readonly quoteAmount: number
  readonly fee: number
}

/**
 * What executors have left behind on one market: one net amount at one average price. What is traded in the direction of
 * the amount moves the average; what is traded against it realizes profit, and what goes beyond it turns it round. Fees
 * are noted and taken from no profit.
 *
 * The rule is the original's, of its bots and backtests alike, in its decimals. The summary is one object for as long as
 * the hold lives: what a controller reads at every tick is a number that is there.
 */
export class PositionHold {
  readonly market: ConnectorPair
  readonly summary: PositionSummary
  /** With a sign. */
  net: Decimal = ZERO
  /** 0 when nothing is held. */
  averagePrice: Decimal = ZERO
  realizedPnl: Decimal = ZERO
  fees = 0
  buyBase = 0
  buyQuote = 0
  sellBase = 0
  sellQuote = 0
  fills = 0
  readonly #figures: Figures

  constructor(market: ConnectorPair) {
    this.market = market
    this.#figures = new Figures(market)
    this.summary = this.#figures
  }

  /** A hold of nothing is closed; one of 1e-17 is not. */
  get isOpen(): boolean {
    return !this.net.isZero()
  }

  get volume(): number {
    return this.buyQuote + this.sellQuote
  }

  /** An order without an amount counts for nothing. */
  add({ side, base, quote, baseAmount, quoteAmount, fee }: HoldFill): void {
    if (base.isZero()) return
    this.fills += 1
    this.fees += fee
    if (side === 'BUY') {
      this.buyBase += baseAmount
      this.buyQuote += quoteAmount
    } else {
      this.sellBase += baseAmount
      this.sellQuote += quoteAmount
    }
    const signed = side === 'BUY' ? base : base.negated()
    if (this.net.isZero() || this.net.isPositive() === signed.isPositive()) this.#increase(signed, base, quote)
    else this.#reduce(signed, base, quote.div(base))
    this.#figures.take(this)
  }

  /** Values what is held at a price of now. */
  valueAt(mid: number): void {
    this.#figures.valueAt(mid)
  }

  #increase(signed: Decimal, base: Decimal, quote: Decimal): void {
    const held = this.net.abs()
    this.averagePrice = held.isZero() ? quote.div(base) : this.averagePrice.times(held).plus(quote).div(held.plus(base))
    this.net = this.net.plus(signed)
  }

  #reduce(signed: Decimal, base: Decimal, price: Decimal): void {
    const held = this.net.abs()
    const matched = Decimal.min(base, held)
    const gained = this.net.isPositive() ? price.minus(this.averagePrice) : this.averagePrice.minus(price)
    this.realizedPnl = this.realizedPnl.plus(gained.times(matched))
    this.#figures.realizedPnlQuote = this.realizedPnl.toNumber()
    const excess = base.minus(held)
    if (excess.isPositive() && !excess.isZero()) {
      this.net = signed.isPositive() ? excess : excess.negated()
      this.averagePrice = price
    } else if (excess.isZero()) {
      this.net = ZERO
      this.averagePrice = ZERO
    } else {
      this.net = this.net.plus(signed)
    }
  }
}

/** The figures of a hold as doubles. */
class Figures implements PositionSummary {
  readonly connector_name: string
  readonly trading_pair: string
  side: Side = 'BUY'
  amount = 0
  breakevenPrice = 0
  unrealizedPnlQuote = 0
  realizedPnlQuote = 0
  cumFeesQuote = 0
  volumeTradedQuote = 0
  #net = 0
  #mid = 0

  constructor(market: ConnectorPair) {
    this.connector_name = market.connector_name
    this.trading_pair = market.trading_pair
  }

  take(hold: PositionHold): void {
    this.#net = hold.net.toNumber()
    this.side = this.#net < 0 ? 'SELL' : 'BUY'
    this.amount = Math.abs(this.#net)
    this.breakevenPrice = hold.averagePrice.toNumber()
    this.cumFeesQuote = hold.fees
    this.volumeTradedQuote = hold.volume
    this.valueAt(this.#mid)
  }

  valueAt(mid: number): void {
    this.#mid = mid
    this.unrealizedPnlQuote = (mid - this.breakevenPrice) * this.#net
  }
}
