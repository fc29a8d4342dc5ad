import { feedId } from './feed-key.ts'
import type { FeedMessage, FeedWire, UpdateMessage } from './feed-wire.ts'
import type { KeptUpdate } from './history.ts'
import type { SharedFeed } from './shared-feed.ts'
import type { Siblings } from './siblings.ts'

export interface HeardOwnerOptions<T> {
  readonly shared: SharedFeed<T>
  readonly wire: FeedWire<T>
  readonly siblings: Pick<Siblings, 'listen' | 'snapshot' | 'used'>
  readonly logger: { warn(fields: object, message: string): void }
  /** Takes the term of a message; false when it is of an owner that is none any more. */
  readonly takesTerm: (term: number) => boolean
  readonly hear: (message: FeedMessage<T>) => void
}

/** The owner of a feed as a listener hears it. */
export class HeardOwner<T> {
  readonly #options: HeardOwnerOptions<T>
  readonly #stop: () => void
  #session: string
  #state: 'listening' | 'ended' = 'listening'
  /** When something came last; negative infinity to look at once whether the owner is one. */
  heardAt = performance.now()
  #toldAt = Number.NEGATIVE_INFINITY

  constructor(session: string, options: HeardOwnerOptions<T>) {
    this.#session = session
    this.#options = options
    this.#stop = options.siblings.listen(options.shared.key, (json) => {
      const message = this.#read(json)
      if (message !== undefined) options.hear(message)
    })
  }

  get session(): string {
    return this.#session
  }

  /** Asks for all that is kept; false when that replica says that it does not own the feed. */
  async askKept(): Promise<boolean> {
    const { siblings, shared } = this.#options
    const snapshot = await siblings.snapshot(this.#session, shared.key)
    if (snapshot.kind === 'not-owner') return false
    const messages = snapshot.messages.map((json) => this.#read(json)).filter((message) => message !== undefined)
    shared.acceptKept(messages.filter((message) => message.type === 'update').map(keptOf))
    for (const message of messages) {
      if (message.type === 'state') shared.stateOfOwner(message.state, message.sequence)
    }
    return true
  }

  /** Tells the owner of use here, unless it was told in the last `everyMs`. */
  tellUse(everyMs: number): void {
    const now = performance.now()
    if (now - this.#toldAt < everyMs) return
    this.#toldAt = now
    const { siblings, shared } = this.#options
    siblings.used(this.#session, shared.key, shared.lastAccess)
  }

  end(): void {
    this.#state = 'ended'
    this.#stop()
  }

  /** A message of the feed's owner; undefined when it is not for here. */
  #read(json: unknown): FeedMessage<T> | undefined {
    if (this.#state === 'ended') return undefined
    const { wire, logger, shared, takesTerm } = this.#options
    let message: FeedMessage<T>
    try {
      message = wire.decode(json)
    } catch (error) {
      logger.warn({ err: error, feed: feedId(shared.key) }, 'a message of a feed could not be read')
      return undefined
    }
    // Names that differ in what subjects cannot hold share one; and who owned it once may wake up.
    if (message.connector !== shared.key.connectorName || message.tradingPair !== shared.key.tradingPair)
      return undefined
    if (!takesTerm(message.term)) return undefined
    this.heardAt = performance.now()
    this.#session = message.owner
    return message
  }
}

export const keptOf = <T>({ sequence, time, value, previous }: UpdateMessage<T>): KeptUpdate<T> => ({
  update: { sequence, time, value },
  previous,
})
