import type { Side } from '../executors/side.ts'
import { Decimal, ZERO } from './decimal.ts'

/** What was executed for an executor, with what it paid in fees. */
export interface ApiFill {
  readonly side: Side
  readonly base: Decimal
  readonly quote: Decimal
  readonly fee: Decimal
}

/** What is held of executors that run by themselves: purchases and sales side by side, for as long as they are unmatched. */
export interface ApiHold {
  readonly buyBase: Decimal
  readonly buyQuote: Decimal
  readonly sellBase: Decimal
  readonly sellQuote: Decimal
  readonly realizedPnl: Decimal
  readonly fees: Decimal
}

export const NOTHING_HELD: ApiHold = {
  buyBase: ZERO,
  buyQuote: ZERO,
  sellBase: ZERO,
  sellQuote: ZERO,
  realizedPnl: ZERO,
  fees: ZERO,
}

/** The hold after a fill: what was bought and sold is matched at the averages of its side, and that profit is realized. */
export const withFill = (hold: ApiHold, { side, base, quote, fee }: ApiFill): ApiHold => {
  const buying = side === 'BUY'
  const buyBase = buying ? hold.buyBase.plus(base) : hold.buyBase
  const buyQuote = buying ? hold.buyQuote.plus(quote) : hold.buyQuote
  const sellBase = buying ? hold.sellBase : hold.sellBase.plus(base)
  const sellQuote = buying ? hold.sellQuote : hold.sellQuote.plus(quote)
  const fees = hold.fees.plus(fee)
  const matched = Decimal.min(buyBase, sellBase)
  if (matched.isZero()) return { ...hold, buyBase, buyQuote, sellBase, sellQuote, fees }
  const [bought, sold] = [buyQuote.div(buyBase), sellQuote.div(sellBase)]
  return {
    buyBase: buyBase.minus(matched),
    buyQuote: buyQuote.minus(matched.times(bought)),
    sellBase: sellBase.minus(matched),
    sellQuote: sellQuote.minus(matched.times(sold)),
    realizedPnl: hold.realizedPnl.plus(matched.times(sold.minus(bought))),
    fees,
  }
}

export const netOf = ({ buyBase, sellBase }: ApiHold): Decimal => buyBase.minus(sellBase)

/** What one base of a side has cost or brought; null where that side holds nothing. */
export const breakevenOf = (hold: ApiHold, side: Side): Decimal | null => {
  const [base, quote] = side === 'BUY' ? [hold.buyBase, hold.buyQuote] : [hold.sellBase, hold.sellQuote]
  return base.isZero() ? null : quote.div(base)
}

export const directionOf = (hold: ApiHold): 'LONG' | 'SHORT' | 'FLAT' => {
  const net = netOf(hold)
  if (net.isZero()) return 'FLAT'
  return net.isPositive() ? 'LONG' : 'SHORT'
}

/** What the hold would bring at a price, fees not counted. */
export const unrealizedAt = (hold: ApiHold, price: Decimal): Decimal => {
  const net = netOf(hold)
  if (net.isZero()) return ZERO
  const long = net.isPositive()
  const entry = breakevenOf(hold, long ? 'BUY' : 'SELL') ?? ZERO
  return long ? net.times(price.minus(entry)) : net.abs().times(entry.minus(price))
}
