import type { LiveVenue } from '@colibri/exchange'
import type { Claim } from './feed-claims.ts'
import type { FeedMetrics } from './feed-metrics.ts'
import { OwnedFeed, type OwnedFeedEvents } from './owned-feed.ts'
import { type OwnerSpeech, type OwnerSpeechOptions, ownerSpeech } from './owner-speech.ts'
import type { Siblings } from './siblings.ts'
import type { OpenUpstream } from './upstream.ts'

/** Updates of one term count from `term × this`: far fewer come before the clock gives the next owner a higher term. */
const TERM = 1_000_000
/** An owner says something at least this often, … */
const HEARTBEAT_MS = 1_000
/** … and looks this often whether the claim is still its own: it may have gone with the server's data. */
const VERIFY_MS = 5_000

export interface OwnershipOptions<T> extends OwnerSpeechOptions<T> {
  readonly venue: LiveVenue
  readonly upstream: OpenUpstream<T>
  readonly siblings: Siblings
  readonly metrics: FeedMetrics
  readonly background: (name: string, promise: Promise<unknown>) => void
}

export interface OwnershipEvents<T> {
  /** Whether this replica still owns the feed: nothing more is said of it when it does not. */
  owns(): boolean
  updated(): void
  readonly interrupted: OwnedFeedEvents<T>['interrupted']
  readonly failed: OwnedFeedEvents<T>['failed']
  /** The claim is another's. */
  claimLost(): void
}

/** A feed that this replica owns: the venue's stream, told to all who listen, under a claim that is looked after. */
export class Ownership<T> {
  readonly session: string
  readonly #claim: Claim
  readonly #options: OwnershipOptions<T>
  readonly #events: OwnershipEvents<T>
  readonly #speech: OwnerSpeech<T>
  readonly #owned: OwnedFeed<T>
  #saidAt = Number.NEGATIVE_INFINITY
  #verifiedAt = performance.now()

  constructor(session: string, claim: Claim, options: OwnershipOptions<T>, events: OwnershipEvents<T>) {
    const { shared, venue, upstream, metrics, now } = options
    this.session = session
    this.#claim = claim
    this.#options = options
    this.#events = events
    this.#speech = ownerSpeech({ session, term: claim.term }, options)
    this.#owned = new OwnedFeed<T>({
      key: shared.key,
      venue,
      open: upstream,
      firstSequence: claim.term * TERM,
      previousSequence: shared.latest?.sequence ?? 0,
      now,
      events: {
        update: (update, previous) => {
          if (!events.owns()) return
          events.updated()
          metrics.update(shared.key)
          this.#saidAt = performance.now()
          this.#speech.update({ update, previous })
          shared.accept(update, previous)
        },
        interrupted: (reason, error) => {
          if (!events.owns()) return
          events.interrupted(reason, error)
          shared.interrupted()
          this.#sayState(reason)
        },
        failed: (error) => {
          if (events.owns()) events.failed(error)
        },
      },
    })
  }

  /** Tells all who listen that there is an owner. */
  begin(): void {
    this.#sayState(null)
  }

  read(levels: number): T | undefined {
    return this.#owned.read(levels)
  }

  get first(): T | undefined {
    return this.#owned.first
  }

  /** All that is kept and where the feed stands, for one who begins to listen. */
  kept(): readonly unknown[] {
    return this.#speech.kept()
  }

  restart(): void {
    this.#owned.restart()
  }

  /** Heartbeat, and a look at the claim. */
  tick(): void {
    const now = performance.now()
    if (now - this.#saidAt >= HEARTBEAT_MS) this.#sayState(null)
    if (now - this.#verifiedAt < VERIFY_MS) return
    this.#verifiedAt = now
    this.#options.background('look at the claim of a feed', this.#verify())
  }

  stop(): void {
    this.#owned.stop()
  }

  /** Lets go, so that others may take the feed at once. */
  async release(): Promise<void> {
    const { siblings, shared } = this.#options
    await siblings.claims.release(shared.key, this.#claim)
    // Listeners hear of it when the claim is free.
    this.#speech.released()
  }

  /** Lets go of a feed that the venue refused; of one that never had anything nothing is left. `freed` comes in any case. */
  async refuse(error: Error, freed: () => void): Promise<void> {
    const { siblings, shared } = this.#options
    const { key, latest } = shared
    try {
      await (latest === undefined ? siblings.claims.forget(key) : siblings.claims.release(key, this.#claim))
    } finally {
      this.#speech.failed(error)
      freed()
    }
  }

  async #verify(): Promise<void> {
    const claim = this.#claim
    const current = await this.#options.siblings.claims.read(this.#options.shared.key).catch(() => claim)
    // A bucket that was made again counts its revisions from one again.
    if (current?.session !== claim.session || current?.term !== claim.term) this.#events.claimLost()
  }

  #sayState(reason: Parameters<OwnerSpeech<T>['state']>[0]): void {
    this.#saidAt = performance.now()
    this.#speech.state(reason)
  }
}
