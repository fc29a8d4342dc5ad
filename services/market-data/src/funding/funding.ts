import { type FundingInfo, VenueUnavailable } from '@colibri/exchange'
import type { Feeds } from '../feeds/feed.ts'

/** Funding of perpetual pairs, from streams that open on first use. */
export class Funding {
  constructor(
    private readonly feeds: Pick<Feeds, 'open'>,
    private readonly waitMs: number,
  ) {}

  /**
   * Of the running period. Rejects with `UnknownConnector`, `UnknownPair`, `VenueRefused`, `FeedNotReady`, or
   * `VenueUnavailable` while the stream is interrupted.
   */
  async running(connectorName: string, tradingPair: string): Promise<FundingInfo> {
    const feed = this.feeds.open({ kind: 'funding', connectorName, tradingPair })
    try {
      const { value } = await feed.ready(this.waitMs)
      if (feed.state() === 'live') return value
      throw new VenueUnavailable(`${connectorName}: the funding stream of ${tradingPair} is interrupted`)
    } finally {
      feed.close()
    }
  }
}
