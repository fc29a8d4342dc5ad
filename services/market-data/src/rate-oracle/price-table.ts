import type { Decimal } from 'decimal.js'
import { type KnownPrices, type Price, pairTokens } from './find-rate.ts'

/** Prices of one source in the order their pairs became known. Nothing is forgotten: what a source no longer has just gets old. */
export class PriceTable {
  readonly #prices = new Map<string, Price>()
  readonly #quotes = new Map<string, Set<string>>()

  /** Takes what the source said at `time`. */
  update(prices: ReadonlyMap<string, Decimal>, time: number): void {
    for (const [tradingPair, value] of prices) {
      if (!this.#prices.has(tradingPair)) this.#index(tradingPair)
      this.#prices.set(tradingPair, { value, time })
    }
  }

  #index(tradingPair: string): void {
    const tokens = pairTokens(tradingPair)
    if (tokens === undefined) return
    const quotes = this.#quotes.get(tokens.base) ?? new Set()
    this.#quotes.set(tokens.base, quotes.add(tokens.quote))
  }

  all(): ReadonlyMap<string, Price> {
    return this.#prices
  }

  /** The prices that were asked at `time` or later. */
  since(time: number): KnownPrices {
    return {
      price: (tradingPair) => {
        const price = this.#prices.get(tradingPair)
        return price === undefined || price.time < time ? undefined : price
      },
      quotesOf: (base) => this.#quotes.get(base) ?? [],
    }
  }
}
