import type { BookLevel } from '@colibri/exchange'
import { Decimal } from 'decimal.js'

/**
 * What a book gives for an order that walks one of its sides, best level first. Amounts and prices are decimal text, sums
 * are exact, and `null` is what the book is too thin for.
 */
type Levels = readonly BookLevel[]

/** No sum of levels has this many digits, so nothing is ever rounded but the one division. */
const Exact = Decimal.clone({ precision: 2_000 })
const Quotient = Decimal.clone({ precision: 40 })
const zero = new Exact(0)

export interface Reached {
  /** Price of the level at which the asked size is reached. */
  readonly price: string | null
  /** The asked size, or all there is; null when there is nothing. */
  readonly size: string | null
}

export interface WithinLimit {
  /** The last level the limit allows. */
  readonly price: string | null
  /** All of these levels together; null when there is none. */
  readonly size: string | null
}

export interface Average {
  readonly averagePrice: string | null
  readonly size: string | null
}

export type Side = 'bids' | 'asks'

const amountOf = (level: BookLevel): Decimal => new Exact(level.amount)
const quoteOf = (level: BookLevel): Decimal => amountOf(level).times(level.price)

const text = (value: Decimal): string | null => (value.isZero() ? null : value.toFixed())

const reach = (levels: Levels, asked: string, sizeOf: (level: BookLevel) => Decimal): Reached => {
  let sum = zero
  for (const level of levels) {
    sum = sum.plus(sizeOf(level))
    if (sum.gte(asked)) return { price: level.price, size: text(new Exact(asked)) }
  }
  return { price: null, size: text(sum) }
}

/** The price at which the cumulated amount reaches `volume`. */
export const priceForVolume = (levels: Levels, volume: string): Reached => reach(levels, volume, amountOf)

/** The price at which the cumulated price × amount reaches `quoteVolume`. */
export const priceForQuoteVolume = (levels: Levels, quoteVolume: string): Reached => reach(levels, quoteVolume, quoteOf)

const upTo = (levels: Levels, side: Side, limit: string, sizeOf: (level: BookLevel) => Decimal): WithinLimit => {
  let sum = zero
  let last: string | null = null
  for (const level of levels) {
    const beyond = side === 'asks' ? new Exact(level.price).gt(limit) : new Exact(level.price).lt(limit)
    if (beyond) break
    sum = sum.plus(sizeOf(level))
    last = level.price
  }
  return { price: last, size: text(sum) }
}

/** The amount up to and including the limit price. */
export const volumeForPrice = (levels: Levels, side: Side, limit: string): WithinLimit =>
  upTo(levels, side, limit, amountOf)

/** Price × amount up to and including the limit price. */
export const quoteVolumeForPrice = (levels: Levels, side: Side, limit: string): WithinLimit =>
  upTo(levels, side, limit, quoteOf)

/** The volume-weighted average price of `volume`, to 40 digits. */
export const vwapForVolume = (levels: Levels, volume: string): Average => {
  const asked = new Exact(volume)
  let sum = zero
  let cost = zero
  for (const level of levels) {
    const amount = amountOf(level)
    const wanted = asked.minus(sum)
    if (amount.gte(wanted)) {
      const total = cost.plus(wanted.times(level.price))
      return {
        averagePrice: asked.isZero() ? null : new Quotient(total).div(asked).toFixed(),
        size: text(asked),
      }
    }
    sum = sum.plus(amount)
    cost = cost.plus(amount.times(level.price))
  }
  return { averagePrice: null, size: text(sum) }
}
