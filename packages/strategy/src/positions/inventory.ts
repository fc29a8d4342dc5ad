import type { Side } from '../executors/side.ts'
import { Decimal, everyDigitOf } from './decimal.ts'
import type { HoldFill } from './position-hold.ts'

/** What an executor hands over to a position. */
export interface Inventory {
  readonly side: Side
  /** Undefined: what the quote bought at the average price. */
  readonly base: number | undefined
  readonly quote: number
  /** What the quote was paid for one base. */
  readonly averagePrice: number
  /** What was paid in fees for it. */
  readonly feesQuote: number
}

/**
 * What an executor hands over, as a hold takes it. The original divides a double by a price that is rounded to a text, so
 * that a purchase and a sale of the same size usually leave 1e-17 of a coin; an inventory that knows its amount does not.
 */
export const fillOf = ({ side, base, quote, averagePrice, feesQuote }: Inventory): HoldFill => {
  const fee = feesQuote
  if (base !== undefined)
    return { side, base: new Decimal(base), quote: new Decimal(quote), baseAmount: base, quoteAmount: quote, fee }
  const paid = everyDigitOf(quote)
  const bought = paid.div(new Decimal(averagePrice))
  return { side, base: bought, quote: paid, baseAmount: quote / averagePrice, quoteAmount: quote, fee }
}
