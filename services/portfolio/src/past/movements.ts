import { type Book, Money } from '../pnl/book.ts'

/** A market at both ends of a stretch of time. */
export interface MovedBook {
  readonly tradingPair: string
  readonly beginning: Book
  readonly ending: Book
}

export const isPerpetual = (connectorName: string): boolean => connectorName.includes('_perpetual')

/**
 * By how much trading changed the balances. Spot: the base by what was bought less sold, the quote by the cash (realised
 * less cost). Perpetual: the quote, which is the collateral, by what was realised. Both: every fee in its own currency,
 * every funding payment in its own.
 */
export const movedBy = (
  connectorName: string,
  books: readonly MovedBook[],
  paid: readonly { readonly currency: string; readonly amount: string }[],
): ReadonlyMap<string, Money> => {
  const moved = new Map<string, Money>()
  const add = (token: string, amount: Money): void => {
    if (!amount.isZero()) moved.set(token, (moved.get(token) ?? new Money(0)).plus(amount))
  }
  for (const { tradingPair, beginning, ending } of books) {
    const dash = tradingPair.lastIndexOf('-')
    const [base, quote] = [tradingPair.slice(0, dash), tradingPair.slice(dash + 1)]
    const realised = ending.realised.minus(beginning.realised)
    if (isPerpetual(connectorName)) add(quote, realised)
    else {
      add(base, ending.position.minus(beginning.position))
      add(quote, realised.minus(ending.cost.minus(beginning.cost)))
    }
    for (const [currency, fees] of ending.fees)
      add(currency, (beginning.fees.get(currency) ?? new Money(0)).minus(fees))
  }
  for (const { currency, amount } of paid) add(currency, new Money(amount))
  return moved
}
