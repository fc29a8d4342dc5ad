import type { Feeds } from '../feeds/feed.ts'
import { liveUpdate } from '../venue-calls/live-update.ts'

/** Streams that prices alone keep open; a venue allows some hundreds to one address. */
const MOST_FOLLOWED = 100

/** Last prices from ticker streams: of pairs that are asked for again and again, not of every pair ever asked for. */
export class LivePrices {
  /** Least recently asked first. */
  readonly #followed = new Map<string, { readonly connectorName: string; readonly tradingPair: string }>()

  constructor(private readonly feeds: Pick<Feeds, 'open'>) {}

  /** Undefined while the pair is not followed, its stream is not live, or the venue's ticker has no last price. */
  last(connectorName: string, tradingPair: string): string | undefined {
    const id = `${connectorName} ${tradingPair}`
    const followed = this.#followed.get(id)
    if (followed === undefined) return undefined
    this.#followed.delete(id)
    this.#followed.set(id, followed)
    return liveUpdate(this.feeds, { kind: 'ticker', ...followed })?.value.last ?? undefined
  }

  /** From now on the stream of a pair that the venue knows is kept open, as long as it is asked for. */
  follow(connectorName: string, tradingPair: string): void {
    const followed = { connectorName, tradingPair }
    this.#followed.set(`${connectorName} ${tradingPair}`, followed)
    liveUpdate(this.feeds, { kind: 'ticker', ...followed })
    for (const id of this.#followed.keys()) {
      if (this.#followed.size <= MOST_FOLLOWED) return
      this.#followed.delete(id)
    }
  }
}
