import { UnknownConnector, VenueRefused } from '@colibri/exchange'
import type { FeedKey, Feeds, FeedUpdate, FeedValues } from '../feeds/feed.ts'

/**
 * The newest update of a feed that is live at this moment. Undefined while it is not, or where the venue has no such
 * stream: then the venue is asked. Opens the feed for those who come later.
 */
export const liveUpdate = <K extends FeedKey>(
  feeds: Pick<Feeds, 'open'>,
  key: K,
): FeedUpdate<FeedValues[K['kind']]> | undefined => {
  const feed = openedOrNone(feeds, key)
  if (feed === undefined) return undefined
  try {
    const update = feed.latest()
    return feed.state() === 'live' ? update : undefined
  } finally {
    feed.close()
  }
}

const openedOrNone = <K extends FeedKey>(feeds: Pick<Feeds, 'open'>, key: K) => {
  try {
    return feeds.open(key)
  } catch (error) {
    if (error instanceof UnknownConnector || error instanceof VenueRefused) return undefined
    throw error
  }
}
