import type { ActiveFeedsResponse } from '@colibri/contracts'
import { type FeedStatus, statusReply } from './control.ts'
import type { FeedKey } from './feed.ts'
import type { FeedService } from './feeds.ts'

type FeedType = ActiveFeedsResponse[string]['feed_type']

const FEED_TYPES: Readonly<Record<FeedKey['kind'], FeedType>> = {
  candles: 'candles',
  book: 'order_book',
  trades: 'trades',
  ticker: 'ticker',
  funding: 'unknown',
}

/** Every feed that lives at any replica, as if there were one replica. */
export const activeFeeds = async (
  feeds: Pick<FeedService, 'askAll'>,
  feedTimeoutMs: number,
  now: number,
): Promise<ActiveFeedsResponse> => {
  const replicas = await feeds.askAll({ op: 'status' }, statusReply)
  const byName = Map.groupBy(
    replicas.flatMap((replica) => replica.feeds),
    ({ key }) => nameOf(key),
  )
  return Object.fromEntries([...byName].map(([name, copies]) => [name, activeFeed(copies, feedTimeoutMs, now)]))
}

const activeFeed = (copies: readonly FeedStatus[], feedTimeoutMs: number, now: number): ActiveFeedsResponse[string] => {
  // Replicas' clocks may differ a little; nobody has used a feed in the future.
  const lastAccess = Math.min(now, Math.max(...copies.map((copy) => copy.lastAccess)))
  const idleMs = now - lastAccess
  const [told] = [...copies].sort((one, other) => Number(other.owned) - Number(one.owned))
  return {
    feed_type: told === undefined ? 'unknown' : FEED_TYPES[told.key.kind],
    last_access_time: lastAccess / 1000,
    seconds_since_access: idleMs / 1000,
    will_expire_in: Math.max(0, feedTimeoutMs - idleMs) / 1000,
    config: told === undefined ? '' : configText(told, now),
  }
}

const configText = ({ key, state, updated }: FeedStatus, now: number): string => {
  const interval = key.kind === 'candles' ? ` interval='${key.interval}'` : ''
  const age = updated === null ? 'None' : String(Math.max(0, now - updated) / 1000)
  return `connector='${key.connectorName}' trading_pair='${key.tradingPair}'${interval} state='${state}' age=${age}`
}

const nameOf = (key: FeedKey): string => {
  const feed = `${key.connectorName}_${key.tradingPair}`
  switch (key.kind) {
    case 'candles':
      return `candles_${feed}_${key.interval}`
    case 'book':
      return `order_book_${feed}`
    default:
      return `${key.kind}_${feed}`
  }
}
