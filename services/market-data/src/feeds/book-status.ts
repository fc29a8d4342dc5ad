import type { BookStatus } from './control.ts'
import type { FeedBook } from './feed.ts'
import type { ReplicatedFeed } from './replicated-feed.ts'

/** What the owner of a book says of it. */
export const bookStatusOf = (feed: ReplicatedFeed<FeedBook>): BookStatus => {
  const { key, state, latest } = feed.shared
  const whole = feed.read(Number.MAX_SAFE_INTEGER)
  return {
    tradingPair: key.tradingPair,
    state,
    updated: latest?.time ?? null,
    bestBid: whole?.bids[0]?.price ?? null,
    bestAsk: whole?.asks[0]?.price ?? null,
    bidCount: whole?.bids.length ?? 0,
    askCount: whole?.asks.length ?? 0,
    firstUpdateId: feed.first?.updateId ?? null,
    lastUpdateId: whole?.updateId ?? null,
    ...feed.counts,
  }
}
