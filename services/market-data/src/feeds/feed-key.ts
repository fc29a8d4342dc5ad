import { type MarketKind, marketSubject } from '@colibri/contracts'
import type { FeedKey, FeedValues } from './feed.ts'

export type FeedKind = keyof FeedValues
export type FeedValue = FeedValues[FeedKind]

/** The kind as subjects spell it: `book`, `candles-1m`. */
export const kindText = (key: FeedKey): MarketKind => (key.kind === 'candles' ? `candles-${key.interval}` : key.kind)

/** One text per feed, whatever its connector and pair are made of. */
export const feedId = (key: FeedKey): string => `${key.connectorName} ${key.tradingPair} ${kindText(key)}`

/** Where the owner of a feed publishes it. */
export const feedSubject = (key: FeedKey): string => marketSubject(key.connectorName, key.tradingPair, kindText(key))
