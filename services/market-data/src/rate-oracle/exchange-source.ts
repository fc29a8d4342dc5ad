import type { PublicVenue, Ticker } from '@colibri/exchange'
import type { Decimal } from 'decimal.js'
import { Exact, pairTokens } from './find-rate.ts'
import type { RateSource } from './rate-source.ts'

/** Their markets in other tokens are too thin to tell a price. */
const onlyQuotedInTheToken = new Set(['hyperliquid', 'hyperliquid_perpetual'])

/** The middle of an ordinary ticker; undefined for a side that is missing or zero, and for a crossed one. */
export const midPrice = ({ bid, ask }: Pick<Ticker, 'bid' | 'ask'>): Decimal | undefined => {
  if (bid === null || ask === null) return undefined
  const low = new Exact(bid)
  const high = new Exact(ask)
  return low.gt(0) && low.lte(high) ? low.plus(high).div(2) : undefined
}

/** All markets of an exchange at the middle between best bid and best ask. */
export const exchangeSource = (
  venue: Pick<PublicVenue, 'connectorName' | 'tickers'>,
  refreshMs: number,
): RateSource => {
  const isWanted = (tradingPair: string, quoteToken: string): boolean =>
    !onlyQuotedInTheToken.has(venue.connectorName) || pairTokens(tradingPair)?.quote === quoteToken
  return {
    name: venue.connectorName,
    refreshMs,
    async prices(quoteToken) {
      const prices = new Map<string, Decimal>()
      for (const ticker of await venue.tickers()) {
        const price = midPrice(ticker)
        if (price !== undefined && isWanted(ticker.tradingPair, quoteToken)) prices.set(ticker.tradingPair, price)
      }
      return prices
    },
  }
}
