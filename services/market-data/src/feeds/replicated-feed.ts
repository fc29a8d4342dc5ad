import type { Claim } from './feed-claims.ts'
import { failureOf } from './feed-failure.ts'
import { feedId } from './feed-key.ts'
import type { FeedMessage } from './feed-wire.ts'
import { HeardOwner, keptOf } from './heard-owner.ts'
import { findOwner } from './owner-search.ts'
import { Ownership, type OwnershipOptions } from './ownership.ts'
import type { SharedFeed } from './shared-feed.ts'
import type { Snapshot } from './siblings.ts'

/** An owner that was silent this long is asked whether it is one. */
const SILENT_MS = 3_000
/** When the owner could not be asked for what was missed, the feed goes on without for this time. */
const FILL_MS = 1_000
/** A venue that refused is asked again after this time, if somebody still wants the feed. */
const RETRY_MS = 10_000

export interface ReplicatedFeedOptions<T> extends OwnershipOptions<T> {
  readonly logger: { warn(fields: object, message: string): void; info(fields: object, message: string): void }
  /** How often an owner hears of use elsewhere. */
  readonly usedEveryMs: number
  /** Whether somebody held or asked the feed here lately. */
  readonly wanted: () => boolean
  /** The feed is gone from this replica. */
  readonly gone: () => void
}

type Role<T> =
  | { readonly kind: 'none' }
  | { readonly kind: 'owner'; readonly ownership: Ownership<T> }
  | { readonly kind: 'listener'; readonly owner: HeardOwner<T> }

/** One feed in this replica: the owner of its stream, or a listener to whoever is. */
export class ReplicatedFeed<T> {
  readonly #options: ReplicatedFeedOptions<T>
  readonly #id: string
  #role: Role<T> = { kind: 'none' }
  /** The highest seen. */
  #term = 0
  #retryAt: number | undefined
  #resolving: Promise<void> | undefined
  #gone = false
  #fillFailedAt = Number.NEGATIVE_INFINITY
  #updates = 0
  readonly #interruptions = new Map<string, number>()

  constructor(options: ReplicatedFeedOptions<T>) {
    this.#options = options
    this.#id = feedId(options.shared.key)
    this.resolve()
  }

  get shared(): SharedFeed<T> {
    return this.#options.shared
  }

  get owns(): boolean {
    const role = this.#role
    if (role.kind !== 'owner') return false
    // Asking may find out that the lease has lapsed, which ends the role.
    return this.#options.siblings.lease.session() === role.ownership.session
  }

  /** The session this replica listens to. */
  get listensTo(): string | undefined {
    return this.#role.kind === 'listener' ? this.#role.owner.session : undefined
  }

  /** Finds out who owns the feed and becomes owner or listener. One attempt at a time. */
  resolve(): void {
    if (this.#gone || this.#resolving !== undefined) return
    this.#resolving = this.#resolve()
      .catch((error: unknown) => {
        this.#options.logger.warn({ err: error, feed: this.#id }, 'the owner of a feed could not be found')
      })
      .finally(() => {
        this.#resolving = undefined
      })
  }

  /** The state now, when this replica owns the feed. */
  read(levels: number): T | undefined {
    return this.#role.kind === 'owner' ? this.#role.ownership.read(levels) : undefined
  }

  /** What the stream began with, when this replica owns the feed. */
  get first(): T | undefined {
    return this.#role.kind === 'owner' ? this.#role.ownership.first : undefined
  }

  /** Since this replica knows the feed: updates it published and interruptions by reason. */
  get counts(): { readonly updates: number; readonly interruptions: Readonly<Record<string, number>> } {
    return { updates: this.#updates, interruptions: Object.fromEntries(this.#interruptions) }
  }

  /** Somebody wants the feed: one that failed is tried anew when its time has come. */
  asked(): void {
    if (this.#retryAt === undefined || this.#options.now() < this.#retryAt) return
    this.#retryAt = undefined
    this.shared.clearFailure()
    this.resolve()
  }

  /** What a new listener gets: all that is kept and where the feed stands. */
  async snapshot(): Promise<Snapshot> {
    await this.#resolving
    if (!this.owns || this.#role.kind !== 'owner') return { kind: 'not-owner' }
    return { kind: 'kept', messages: this.#role.ownership.kept() }
  }

  /** Begins anew with the venue, when this replica owns the feed. */
  restart(): void {
    if (this.#role.kind === 'owner') this.#role.ownership.restart()
  }

  /** The replica this one listens to is dead. */
  ownerDied(): void {
    this.#leaveRole()
    this.shared.interrupted()
    this.resolve()
  }

  /** Looks after time: heartbeat, silence, retries. */
  tick(): void {
    const role = this.#role
    switch (role.kind) {
      case 'owner':
        if (this.owns) role.ownership.tick()
        break
      case 'listener':
        if (performance.now() - role.owner.heardAt >= SILENT_MS) {
          this.shared.interrupted()
          this.resolve()
        }
        role.owner.tellUse(this.#options.usedEveryMs)
        break
      case 'none':
        if (this.#retryAt === undefined) this.resolve()
        else if (this.shared.holders > 0) this.asked()
        break
    }
  }

  /** This replica's lease lapsed: whatever it owned may be another's by now. */
  lapse(): void {
    if (this.#role.kind === 'owner') this.#lose('lease-lapsed')
  }

  /** Ends the feed here; an owner lets go of it, so that whoever still wants it may take it at once. */
  async end(): Promise<void> {
    if (this.#gone) return
    this.#gone = true
    const role = this.#role
    const released = role.kind === 'owner' && this.owns
    this.#leaveRole()
    this.#options.gone()
    if (!released) return
    try {
      await role.ownership.release()
    } catch (error) {
      // Taken over already, or NATS is away: listeners find out by the silence.
      this.#options.logger.info({ err: error, feed: this.#id }, 'a feed could not be released')
    }
  }

  async #resolve(): Promise<void> {
    const { siblings } = this.#options
    const session = siblings.lease.session()
    if (session === undefined || this.owns) return
    const found = await findOwner({
      siblings,
      key: this.shared.key,
      session,
      knownTerm: () => this.#term,
      gone: () => this.#gone,
      listen: (other) => this.#listen(other),
    })
    if (found.kind === 'ours') this.#own(session, found.claim)
    // The next tick finds out who was faster.
    if (found.kind === 'outrun' && this.#role.kind === 'listener') this.#role.owner.heardAt = Number.NEGATIVE_INFINITY
  }

  #lose(reason: 'lease-lapsed' | 'claim-lost'): void {
    this.#count(reason)
    this.#leaveRole()
    this.shared.interrupted()
  }

  #own(session: string, claim: Claim): void {
    const { logger } = this.#options
    this.#leaveRole()
    this.#term = Math.max(this.#term, claim.term)
    const ownership = new Ownership<T>(session, claim, this.#options, {
      owns: () => this.owns,
      updated: () => {
        this.#updates++
      },
      interrupted: (reason, error) => {
        this.#count(reason)
        logger.warn({ err: error, feed: this.#id, reason }, 'a feed was interrupted')
      },
      failed: (error) => this.#failed(ownership, error),
      claimLost: () => {
        if (this.#role.kind !== 'owner' || this.#role.ownership !== ownership) return
        this.#lose('claim-lost')
        this.resolve()
      },
    })
    this.#role = { kind: 'owner', ownership }
    ownership.begin()
    logger.info({ feed: this.#id, term: claim.term }, 'this replica owns a feed')
  }

  #failed(ownership: Ownership<T>, error: Error): void {
    const { logger, background } = this.#options
    this.#count('refused')
    logger.info({ feed: this.#id, reason: error.message }, 'a venue refused a feed')
    this.#leaveRole()
    // Until the claim is free nobody may hear that this replica does not own the feed, and take it.
    this.#resolving = ownership.refuse(error, () => {
      this.#resolving = undefined
      this.#takeFailure(error)
    })
    background('free a feed', this.#resolving)
  }

  #takeFailure(error: Error): void {
    this.#retryAt = this.#options.now() + RETRY_MS
    this.shared.fail(error)
    if (this.shared.holders === 0) this.#options.background('end a feed', this.end())
  }

  /** Returns false when that replica says that it does not own the feed. */
  async #listen(session: string): Promise<boolean> {
    const role = this.#role
    if (role.kind === 'listener' && role.owner.session === session) return await role.owner.askKept()
    this.#leaveRole()
    const owner = new HeardOwner<T>(session, {
      ...this.#options,
      takesTerm: (term) => {
        if (term < this.#term) return false
        this.#term = term
        return true
      },
      hear: (message) => this.#hear(message),
    })
    this.#role = { kind: 'listener', owner }
    return await owner.askKept()
  }

  #hear(message: FeedMessage<T>): void {
    switch (message.type) {
      case 'update': {
        const { update, previous } = keptOf(message)
        if (!this.#fillsGap(previous)) this.shared.accept(update, previous)
        break
      }
      case 'state':
        if (this.shared.stateOfOwner(message.state, message.sequence) === 'behind') this.resolve()
        break
      case 'failed':
        this.#leaveRole()
        this.#takeFailure(failureOf(message))
        break
      case 'released':
        this.#leaveRole()
        this.shared.interrupted()
        if (this.#options.wanted()) this.resolve()
        else this.#options.background('end a feed', this.end())
        break
    }
  }

  /** Whether updates before this one were missed and are being asked of the owner, who sends this one too. */
  #fillsGap(previous: number): boolean {
    const isKnown = (): boolean => (this.shared.latest?.sequence ?? previous) >= previous
    if (isKnown()) return false
    if (this.#resolving === undefined && performance.now() - this.#fillFailedAt >= FILL_MS) {
      this.resolve()
      const asked = Promise.resolve(this.#resolving).then(() => {
        if (!isKnown()) this.#fillFailedAt = performance.now()
      })
      this.#options.background('ask for missed updates', asked)
    }
    return this.#resolving !== undefined
  }

  #leaveRole(): void {
    const role = this.#role
    this.#role = { kind: 'none' }
    if (role.kind === 'owner') role.ownership.stop()
    if (role.kind === 'listener') role.owner.end()
  }

  #count(reason: string): void {
    this.#interruptions.set(reason, (this.#interruptions.get(reason) ?? 0) + 1)
    this.#options.metrics.interruption(this.shared.key, reason)
  }
}
