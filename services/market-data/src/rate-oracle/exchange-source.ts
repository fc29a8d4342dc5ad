import type { PublicVenue, Ticker } from '@colibri/exchange'
import type { Decimal } from 'decimal.js'
import { Exact, pairTokens } from './find-rate.ts'
import type { RateSource } from './rate-source.ts'

/** Their markets in other tokens are too thin to tell a price. */
const onlyQuotedInTheToken = new Set(['hyperliquid', 'hyperliquid_perpetual'])

/**
 * Their list of all markets has neither bid nor ask, only one price: the middle of the book at hyperliquid and pacifica, the
 * last trade at the others.
 */
const tellOnePrice = new Set(['backpack', 'coinbase_advanced_trade', 'hyperliquid', 'pacifica_perpetual'])

/** The middle of an ordinary ticker; undefined for a side that is missing or zero, and for a crossed one. */
export const midPrice = ({ bid, ask }: Pick<Ticker, 'bid' | 'ask'>): Decimal | undefined => {
  if (bid === null || ask === null) return undefined
  const low = new Exact(bid)
  const high = new Exact(ask)
  return low.gt(0) && low.lte(high) ? low.plus(high).div(2) : undefined
}

const onePrice = ({ bid, ask, last }: Ticker): Decimal | undefined => {
  if (bid !== null || ask !== null || last === null) return undefined
  const price = new Exact(last)
  return price.gt(0) ? price : undefined
}

/** All markets of an exchange at the middle between best bid and best ask, where it tells them. */
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
        const price = midPrice(ticker) ?? (tellOnePrice.has(venue.connectorName) ? onePrice(ticker) : undefined)
        if (price !== undefined && isWanted(ticker.tradingPair, quoteToken)) prices.set(ticker.tradingPair, price)
      }
      return prices
    },
  }
}
