import type { Interruption } from '@colibri/exchange'
import { failureText } from './feed-failure.ts'
import type { FeedMessage, FeedWire } from './feed-wire.ts'
import type { KeptUpdate } from './history.ts'
import type { SharedFeed } from './shared-feed.ts'
import type { Siblings } from './siblings.ts'

/** Who speaks, and in which term. */
export interface Speaker {
  readonly session: string
  readonly term: number
}

export interface OwnerSpeechOptions<T> {
  readonly shared: SharedFeed<T>
  readonly wire: FeedWire<T>
  readonly siblings: Pick<Siblings, 'publish'>
  readonly now: () => number
}

/** What the owner of a feed says of it on the feed's subject. */
export interface OwnerSpeech<T> {
  update(kept: KeptUpdate<T>): void
  state(reason: Interruption | 'restarted' | null): void
  /** Nobody owns it now. */
  released(): void
  /** The venue refused it. */
  failed(error: Error): void
  /** All that is kept and where the feed stands, for one who begins to listen. */
  kept(): readonly unknown[]
}

export const ownerSpeech = <T>(
  { session, term }: Speaker,
  { shared, wire, siblings, now }: OwnerSpeechOptions<T>,
): OwnerSpeech<T> => {
  const header = () => ({
    connector: shared.key.connectorName,
    tradingPair: shared.key.tradingPair,
    owner: session,
    term,
    sequence: shared.latest?.sequence ?? 0,
    time: now(),
  })
  const updateOf = ({ update: { sequence, time, value }, previous }: KeptUpdate<T>): FeedMessage<T> => ({
    ...header(),
    type: 'update',
    sequence,
    time,
    previous,
    value,
  })
  const stateOf = (reason: Interruption | 'restarted' | null): FeedMessage<T> => ({
    ...header(),
    type: 'state',
    state: shared.state,
    reason,
  })
  const say = (message: FeedMessage<T>): void => siblings.publish(shared.key, wire.encode(message))

  return {
    update: (kept) => say(updateOf(kept)),
    state: (reason) => say(stateOf(reason)),
    released: () => say({ ...header(), type: 'released' }),
    failed: (error) => say({ ...header(), type: 'failed', ...failureText(error) }),
    kept: () => [...shared.kept().map(updateOf), stateOf(null)].map((message) => wire.encode(message)),
  }
}
