import { Decimal } from 'decimal.js'

/** Wide enough that a product of two exchange prices is never rounded. */
export const Exact = Decimal.clone({ precision: 60 })

/** Quotients seldom end: they keep as many digits as the original's. */
const QUOTIENT_DIGITS = 28
export const quotient = (dividend: Decimal.Value, divisor: Decimal): Decimal =>
  new Exact(dividend).div(divisor).toSignificantDigits(QUOTIENT_DIGITS)

export interface Price {
  readonly value: Decimal
  /** Epoch milliseconds at which the source was asked. */
  readonly time: number
}

export interface KnownPrices {
  price(tradingPair: string): Price | undefined
  /** Quote tokens of the known pairs with this base, in the order they became known. */
  quotesOf(base: string): Iterable<string>
}

export interface Rate {
  /** Quote per base. */
  readonly value: Decimal
  /** Of the oldest price it was made of; null where it needs none. */
  readonly time: number | null
}

/** Tokens that stand for another one when a rate is looked for. */
export type TokenNames = Readonly<Record<string, string>>
const dollars: TokenNames = { USD: 'USDT' }

export interface PairTokens {
  readonly base: string
  readonly quote: string
}

/** The tokens of `BASE-QUOTE`; undefined for any other text. */
export const pairTokens = (tradingPair: string): PairTokens | undefined => {
  const [base, quote, ...more] = tradingPair.split('-')
  if (base === undefined || quote === undefined || more.length > 0) return undefined
  return base === '' || quote === '' || /\s/.test(tradingPair) ? undefined : { base, quote }
}

const inverse = ({ value, time }: Price): Rate => ({ value: quotient(1, value), time })
const oldest = (left: Price, right: Price): number => Math.min(left.time, right.time)
const positive = (price: Price | undefined): price is Price => price?.value.gt(0) ?? false

/**
 * What one base is worth in the quote, by the contract's rules in their order: the pair itself; 1 for equal tokens; the
 * pair with USD taken for USDT; the reverse of that; through the first known market of the base that leads on to the
 * quote. One link only, and never through a market quoted in the base.
 */
export const findRate = (known: KnownPrices, tradingPair: string, names: TokenNames = dollars): Rate | undefined => {
  const exact = known.price(tradingPair)
  if (exact !== undefined) return exact
  const tokens = pairTokens(tradingPair)
  if (tokens === undefined) return undefined
  const named = (token: string): string => (Object.hasOwn(names, token) ? (names[token] ?? token) : token)
  const base = named(tokens.base)
  const quote = named(tokens.quote)
  if (base === quote) return { value: new Exact(1), time: null }
  const normalised = known.price(`${base}-${quote}`)
  if (normalised !== undefined) return normalised
  const reverse = known.price(`${quote}-${base}`)
  if (positive(reverse)) return inverse(reverse)
  return throughOneLink(known, base, quote)
}

const throughOneLink = (known: KnownPrices, base: string, quote: string): Rate | undefined => {
  for (const link of known.quotesOf(base)) {
    const first = known.price(`${base}-${link}`)
    if (first === undefined) continue
    const onward = known.price(`${link}-${quote}`)
    if (onward !== undefined) return { value: first.value.times(onward.value), time: oldest(first, onward) }
    const back = known.price(`${quote}-${link}`)
    if (positive(back)) return { value: quotient(first.value, back.value), time: oldest(first, back) }
  }
  return undefined
}
