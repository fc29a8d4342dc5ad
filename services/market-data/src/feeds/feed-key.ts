import { type MarketKind, marketSubject } from '@colibri/contracts'
import { UnknownPair, VenueRefused } from '@colibri/exchange'
import type { FeedKey, FeedValues } from './feed.ts'

export type FeedKind = keyof FeedValues
export type FeedValue = FeedValues[FeedKind]

/** The kind as subjects spell it: `book`, `candles-1m`. */
export const kindText = (key: FeedKey): MarketKind => (key.kind === 'candles' ? `candles-${key.interval}` : key.kind)

/** One text per feed, whatever its connector and pair are made of. */
export const feedId = (key: FeedKey): string => `${key.connectorName} ${key.tradingPair} ${kindText(key)}`

/** Where the owner of a feed publishes it. */
export const feedSubject = (key: FeedKey): string => marketSubject(key.connectorName, key.tradingPair, kindText(key))

/** Subjects and keys carry these names: what cannot be one is refused before it goes anywhere. */
export const checkFeedKey = (key: FeedKey): void => {
  if (!/^[^\s\p{C}]{1,64}$/u.test(key.tradingPair)) {
    throw new UnknownPair(`Trading pair ${JSON.stringify(key.tradingPair.slice(0, 64))} not found`)
  }
  if (key.kind === 'candles' && !/^\w{1,8}$/.test(key.interval)) {
    throw new VenueRefused(`no candles of the interval ${JSON.stringify(key.interval.slice(0, 16))}`)
  }
}
