import { z } from 'zod'
import { type Book, type Fill, Money } from './book.ts'

/** A book as rows hold it: canonical decimal text, so that equal books are equal text. */
const sums = z.record(z.string(), z.string())
const bookText = z.object({
  position: z.string(),
  cost: z.string(),
  realised: z.string(),
  volumeBase: z.string(),
  volumeQuote: z.string(),
  feesQuote: z.string(),
  fees: sums,
  feesWithoutPrice: sums,
  fills: z.number().int(),
})
export type BookText = z.infer<typeof bookText>

export const textOf = (amount: Money): string => (amount.isZero() ? '0' : amount.toFixed())

export const textsOf = (amounts: ReadonlyMap<string, Money>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...amounts].sort(([left], [right]) => (left < right ? -1 : 1)).map(([name, amount]) => [name, textOf(amount)]),
  )

export const bookToText = (book: Book): BookText => ({
  position: textOf(book.position),
  cost: textOf(book.cost),
  realised: textOf(book.realised),
  volumeBase: textOf(book.volumeBase),
  volumeQuote: textOf(book.volumeQuote),
  feesQuote: textOf(book.feesQuote),
  fees: textsOf(book.fees),
  feesWithoutPrice: textsOf(book.feesWithoutPrice),
  fills: book.fills,
})

const sumsOf = (texts: Readonly<Record<string, string>>): ReadonlyMap<string, Money> =>
  new Map(Object.entries(texts).map(([name, amount]) => [name, new Money(amount)]))

export const bookOf = (stored: unknown): Book => {
  const text = bookText.parse(stored)
  return {
    position: new Money(text.position),
    cost: new Money(text.cost),
    realised: new Money(text.realised),
    volumeBase: new Money(text.volumeBase),
    volumeQuote: new Money(text.volumeQuote),
    feesQuote: new Money(text.feesQuote),
    fees: sumsOf(text.fees),
    feesWithoutPrice: sumsOf(text.feesWithoutPrice),
    fills: text.fills,
  }
}

export const storedFill: z.ZodType<Fill> = z.object({
  venueTime: z.number().int(),
  tradeId: z.string(),
  clientOrderId: z.string(),
  tradeType: z.enum(['BUY', 'SELL']),
  price: z.string(),
  amount: z.string(),
  feeAmount: z.string(),
  feeCurrency: z.string(),
  feeInQuote: z.string().nullable(),
})

/** As a row holds it: the same text whichever way it came here. */
export const fillToRow = (fill: Fill): Fill => ({
  venueTime: fill.venueTime,
  tradeId: fill.tradeId,
  clientOrderId: fill.clientOrderId,
  tradeType: fill.tradeType,
  price: fill.price,
  amount: fill.amount,
  feeAmount: fill.feeAmount,
  feeCurrency: fill.feeCurrency,
  feeInQuote: fill.feeInQuote,
})
