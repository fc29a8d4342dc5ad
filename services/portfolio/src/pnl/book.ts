import { Decimal } from 'decimal.js'

/** Sums and products of anything a venue sends are exact: 200 significant digits, never exponent notation. */
export const Money = Decimal.clone({
  precision: 200,
  rounding: Decimal.ROUND_DOWN,
  toExpNeg: -1_000_000,
  toExpPos: 1_000_000,
})
export type Money = Decimal

/** One trade of one order. Amounts are decimal text, base units; prices quote per base. */
export interface Fill {
  /** Epoch milliseconds by the venue's clock. */
  readonly venueTime: number
  readonly tradeId: string
  readonly clientOrderId: string
  readonly tradeType: 'BUY' | 'SELL'
  readonly price: string
  readonly amount: string
  readonly feeAmount: string
  readonly feeCurrency: string
  /** Null when no price was known at the time of the fill. */
  readonly feeInQuote: string | null
}

/**
 * What an account did in one market, by average cost. All but `position` and `cost` are sums since the first fill, so what
 * happened between two moments is the difference of two books.
 */
export interface Book {
  /** Base units bought less sold; negative when short, or when more was sold than ever was bought through the log. */
  readonly position: Money
  /** Quote paid for the position that is left, of the position's sign: cost / position is its average price. */
  readonly cost: Money
  /** Quote won by reducing the position, before fees. */
  readonly realised: Money
  readonly volumeBase: Money
  readonly volumeQuote: Money
  /** Quote, of the fees whose price was known. */
  readonly feesQuote: Money
  readonly fees: ReadonlyMap<string, Money>
  /** The part of `fees` that is not in `feesQuote`. */
  readonly feesWithoutPrice: ReadonlyMap<string, Money>
  readonly fills: number
}

const zero = new Money(0)

export const emptyBook: Book = {
  position: zero,
  cost: zero,
  realised: zero,
  volumeBase: zero,
  volumeQuote: zero,
  feesQuote: zero,
  fees: new Map(),
  feesWithoutPrice: new Map(),
  fills: 0,
}

/** Decimals of the quote token that a share of the cost is cut to. */
const COST_DECIMALS = 18
const SCALE = new Money(10).pow(COST_DECIMALS)

/**
 * cost · part / whole, cut (not rounded) to 18 decimals. What is cut stays in the cost of what is left, so nothing is lost
 * or made by it, and a position that is closed gives back its whole cost.
 */
const shareOfCost = (cost: Money, part: Money, whole: Money): Money =>
  part.eq(whole) ? cost : cost.times(part).times(SCALE).divToInt(whole).div(SCALE)

const plus = (sums: ReadonlyMap<string, Money>, currency: string, amount: Money): ReadonlyMap<string, Money> =>
  amount.isZero() ? sums : new Map(sums).set(currency, (sums.get(currency) ?? zero).plus(amount))

/**
 * The book after one more fill, by weighted average cost (the formula of IAS 2 §27, and the way perpetual
 * venues keep an entry price). With position P, its cost C, and a fill of q at p, sign s (+1 bought, −1 sold):
 * - P and s of one sign, or P = 0: C += s·q·p and P += s·q; nothing is realised.
 * - otherwise m = min(q, |P|) is closed: realised += −s·m·p − C·m/|P|, and C·m/|P| leaves C; what is left of q opens the
 *   other direction at p.
 * Fees change neither cost nor realised; they are sums of their own. Σ realised + P·price − C is always exactly the cash
 * that came in less what went out, plus P·price.
 */
export const applyFill = (book: Book, fill: Fill): Book => {
  const price = new Money(fill.price)
  const amount = new Money(fill.amount)
  const fee = new Money(fill.feeAmount)
  const bought = fill.tradeType === 'BUY'
  const reduces = bought ? book.position.lt(0) : book.position.gt(0)
  const held = book.position.abs()
  const closed = reduces ? Money.min(amount, held) : zero
  const released = closed.isZero() ? zero : shareOfCost(book.cost, closed, held)
  const proceeds = closed.times(price)
  const opened = amount.minus(closed).times(price)
  const realised = bought ? proceeds.negated().minus(released) : proceeds.minus(released)
  return {
    position: bought ? book.position.plus(amount) : book.position.minus(amount),
    cost: bought ? book.cost.minus(released).plus(opened) : book.cost.minus(released).minus(opened),
    realised: closed.isZero() ? book.realised : book.realised.plus(realised),
    volumeBase: book.volumeBase.plus(amount),
    volumeQuote: book.volumeQuote.plus(amount.times(price)),
    feesQuote: fill.feeInQuote === null ? book.feesQuote : book.feesQuote.plus(fill.feeInQuote),
    fees: plus(book.fees, fill.feeCurrency, fee),
    feesWithoutPrice:
      fill.feeInQuote === null ? plus(book.feesWithoutPrice, fill.feeCurrency, fee) : book.feesWithoutPrice,
    fills: book.fills + 1,
  }
}

/**
 * A text that sorts by code unit as the venue counts: whole numbers by value, before any other id. Ids that are not
 * numbers have an order that is fixed but means nothing.
 */
export const tradeSequence = (tradeId: string): string => {
  const digits = /^0*(\d+)$/.exec(tradeId)?.[1]
  return digits === undefined ? `x${tradeId}` : `${String(digits.length).padStart(4, '0')} ${digits}`
}

const compareText = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0)

/** The order fills count in: the venue's time, then its trade id, then (a trade with oneself has two orders) the order. */
export const compareFills = (left: Fill, right: Fill): number =>
  left.venueTime - right.venueTime ||
  compareText(tradeSequence(left.tradeId), tradeSequence(right.tradeId)) ||
  compareText(left.clientOrderId, right.clientOrderId)

export interface Entry {
  readonly fill: Fill
  /** The book once it counts. */
  readonly after: Book
}

/**
 * Fills on top of a book, each once, in the order they count in, whichever order they come in: the result is that of the
 * set of fills alone. `before` must be the book before the earliest of them.
 */
export const foldFills = (before: Book, fills: readonly Fill[]): readonly Entry[] => {
  const entries: Entry[] = []
  let book = before
  let last: Fill | undefined
  for (const fill of [...fills].sort(compareFills)) {
    if (last !== undefined && compareFills(last, fill) === 0) continue
    book = applyFill(book, fill)
    entries.push({ fill, after: book })
    last = fill
  }
  return entries
}
