import type { Connector } from './catalogue.ts'
import type { CcxtExchange } from './ccxt-exchange.ts'
import { fundingReply } from './ccxt-replies.ts'
import { type FundingInfo, VenueRefused } from './venue.ts'

/** Throws `VenueRefused` for a spot venue. */
export const refuseSpot = (connector: Connector): void => {
  if (connector.market === 'spot') {
    throw new VenueRefused(`${connector.name} is a spot venue: only perpetuals have funding`)
  }
}

/**
 * The running funding period of one market. ccxt's `fundingTimestamp` is the end of the running period for most venues and
 * that of the last one for some. Where the venue sends no mark price with the rate it is asked for by itself, and a
 * missing index price is the mark price.
 */
export const fundingInfoOf = async (
  exchange: CcxtExchange,
  symbol: string,
  tradingPair: string,
): Promise<FundingInfo> => {
  const reply = fundingReply.parse(await exchange.fetchFundingRate(symbol))
  const more =
    reply.markPrice === null && exchange.has.fetchMarkPrice === true
      ? fundingReply.parse(await exchange.fetchMarkPrice(symbol))
      : reply
  const markPrice = reply.markPrice ?? more.markPrice ?? reply.indexPrice ?? more.indexPrice
  const { fundingRate, fundingTimestamp, nextFundingTimestamp } = reply
  if (fundingRate === null || markPrice === null) {
    throw new VenueRefused(`${exchange.id} tells no funding of ${tradingPair}`)
  }
  const indexPrice = reply.indexPrice ?? more.indexPrice ?? markPrice
  const times = [fundingTimestamp, nextFundingTimestamp].filter((time) => time !== null)
  const nextFundingTime = times.find((time) => time > Date.now()) ?? times.at(-1) ?? 0
  return { tradingPair, indexPrice, markPrice, rate: fundingRate, nextFundingTime }
}
