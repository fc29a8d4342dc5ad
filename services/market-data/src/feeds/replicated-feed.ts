import type { Interruption, LiveVenue } from '@colibri/exchange'
import type { FeedUpdate } from './feed.ts'
import type { Claim } from './feed-claims.ts'
import { type FailureText, failureOf, failureText } from './feed-failure.ts'
import { feedId } from './feed-key.ts'
import type { FeedMetrics } from './feed-metrics.ts'
import type { FeedMessage, FeedWire, UpdateMessage } from './feed-wire.ts'
import type { KeptUpdate } from './history.ts'
import { OwnedFeed } from './owned-feed.ts'
import type { SharedFeed } from './shared-feed.ts'
import type { Siblings, Snapshot } from './siblings.ts'
import type { OpenUpstream } from './upstream.ts'

/** Updates of one term count from `term × this`: far fewer come before the clock gives the next owner a higher term. */
const TERM = 1_000_000
/** An owner says something at least this often, … */
const HEARTBEAT_MS = 1_000
/** … and one that was silent this long is asked whether it is one. */
const SILENT_MS = 3_000
/** An owner looks this often whether the claim is still its own: it may have gone with the server's data. */
const VERIFY_MS = 5_000
/** When the owner could not be asked for what was missed, the feed goes on without for this time. */
const FILL_MS = 1_000
/** A venue that refused is asked again after this time, if somebody still wants the feed. */
const RETRY_MS = 10_000

export interface ReplicatedFeedOptions<T> {
  readonly shared: SharedFeed<T>
  readonly venue: LiveVenue
  readonly upstream: OpenUpstream<T>
  readonly wire: FeedWire<T>
  readonly siblings: Siblings
  readonly metrics: FeedMetrics
  readonly logger: { warn(fields: object, message: string): void; info(fields: object, message: string): void }
  readonly now: () => number
  readonly background: (name: string, promise: Promise<unknown>) => void
  /** How often an owner hears of use elsewhere. */
  readonly usedEveryMs: number
  /** Whether somebody held or asked the feed here lately. */
  readonly wanted: () => boolean
  /** The feed is gone from this replica. */
  readonly gone: () => void
}

type Role<T> =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'owner'
      readonly claim: Claim
      readonly session: string
      readonly owned: OwnedFeed<T>
      saidAt: number
      verifiedAt: number
    }
  | { readonly kind: 'listener'; readonly session: string; readonly end: () => void; heardAt: number; toldAt: number }

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
    return this.#options.siblings.lease.session() === role.session
  }

  /** The session this replica listens to. */
  get listensTo(): string | undefined {
    return this.#role.kind === 'listener' ? this.#role.session : undefined
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
    return this.#role.kind === 'owner' ? this.#role.owned.read(levels) : undefined
  }

  /** What the stream began with, when this replica owns the feed. */
  get first(): T | undefined {
    return this.#role.kind === 'owner' ? this.#role.owned.first : undefined
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
    const updates = this.shared.kept().map(({ update, previous }) => this.#update(update, previous))
    const { wire } = this.#options
    return { kind: 'kept', messages: [...updates, this.#stateNow(null)].map((message) => wire.encode(message)) }
  }

  /** Begins anew with the venue, when this replica owns the feed. */
  restart(): void {
    if (this.#role.kind === 'owner') this.#role.owned.restart()
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
    const now = performance.now()
    switch (role.kind) {
      case 'owner':
        if (!this.owns) break
        if (now - role.saidAt >= HEARTBEAT_MS) this.#say(this.#stateNow(null))
        if (now - role.verifiedAt >= VERIFY_MS) {
          role.verifiedAt = now
          this.#options.background('look at the claim of a feed', this.#verify(role.claim))
        }
        break
      case 'listener':
        if (now - role.heardAt >= SILENT_MS) {
          this.shared.interrupted()
          this.resolve()
        }
        if (now - role.toldAt >= this.#options.usedEveryMs) this.#tellUse(role.session)
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
      await this.#options.siblings.claims.release(this.shared.key, role.claim)
      // Listeners hear of it when the claim is free.
      this.#publish(role.session, role.claim.term, { type: 'released' })
    } catch (error) {
      // Taken over already, or NATS is away: listeners find out by the silence.
      this.#options.logger.info({ err: error, feed: this.#id }, 'a feed could not be released')
    }
  }

  async #resolve(): Promise<void> {
    const { siblings } = this.#options
    const { lease, claims } = siblings
    const session = lease.session()
    if (session === undefined || this.owns) return
    const { key } = this.shared
    const claim = await claims.read(key)
    if (this.#gone) return
    const other = claim?.session === session ? null : (claim?.session ?? null)
    if (other !== null && (await lease.alive(other))) {
      if (this.#gone || (await this.#listen(other))) return
      if (this.#gone) return
    }
    // Also what is claimed for this replica already is taken again: another may just be taking it.
    const taken = await claims.take(key, session, claim, this.#term)
    if (taken === undefined) return this.#lookAgain()
    if (this.#gone || lease.session() !== session) {
      // Nobody waits for it here any more; a claim of a lapsed session is free by itself.
      if (lease.session() === session) await claims.release(key, taken)
      return
    }
    this.#own(session, taken)
  }

  async #verify(claim: Claim): Promise<void> {
    const current = await this.#options.siblings.claims.read(this.shared.key).catch(() => claim)
    // A bucket that was made again counts its revisions from one again.
    if (current?.session === claim.session && current?.term === claim.term) return
    if (this.#role.kind !== 'owner' || this.#role.claim !== claim) return
    this.#lose('claim-lost')
    this.resolve()
  }

  #lose(reason: 'lease-lapsed' | 'claim-lost'): void {
    this.#count(reason)
    this.#leaveRole()
    this.shared.interrupted()
  }

  /** Somebody was faster: the next tick finds out who. */
  #lookAgain(): void {
    if (this.#role.kind === 'listener') this.#role.heardAt = Number.NEGATIVE_INFINITY
  }

  #own(session: string, claim: Claim): void {
    const { shared, venue, upstream, metrics, logger, now } = this.#options
    this.#leaveRole()
    this.#term = Math.max(this.#term, claim.term)
    const owner = { session, claim }
    const owned = new OwnedFeed<T>({
      key: shared.key,
      venue,
      open: upstream,
      firstSequence: claim.term * TERM,
      previousSequence: shared.latest?.sequence ?? 0,
      now,
      events: {
        update: (update, previous) => {
          if (!this.owns) return
          this.#updates++
          metrics.update(shared.key)
          this.#say(this.#update(update, previous))
          shared.accept(update, previous)
        },
        interrupted: (reason, error) => {
          if (!this.owns) return
          this.#count(reason)
          logger.warn({ err: error, feed: this.#id, reason }, 'a feed was interrupted')
          shared.interrupted()
          this.#say(this.#stateNow(reason))
        },
        failed: (error) => {
          if (this.owns) this.#failed(owner, error)
        },
      },
    })
    this.#role = { kind: 'owner', ...owner, owned, saidAt: Number.NEGATIVE_INFINITY, verifiedAt: performance.now() }
    this.#say(this.#stateNow(null))
    logger.info({ feed: this.#id, term: claim.term }, 'this replica owns a feed')
  }

  #failed({ session, claim }: { session: string; claim: Claim }, error: Error): void {
    const { logger, siblings, background } = this.#options
    this.#count('refused')
    logger.info({ feed: this.#id, reason: error.message }, 'a venue refused a feed')
    this.#leaveRole()
    const { key, latest } = this.shared
    const free = async (): Promise<void> => {
      try {
        await (latest === undefined ? siblings.claims.forget(key) : siblings.claims.release(key, claim))
      } finally {
        this.#resolving = undefined
        this.#publish(session, claim.term, { type: 'failed', ...failureText(error) })
        this.#takeFailure(error)
      }
    }
    // Until the claim is free nobody may hear that this replica does not own the feed, and take it.
    this.#resolving = free()
    background('free a feed', this.#resolving)
  }

  #takeFailure(error: Error): void {
    this.#retryAt = this.#options.now() + RETRY_MS
    this.shared.fail(error)
    if (this.shared.holders === 0) this.#options.background('end a feed', this.end())
  }

  /** Returns false when that replica says that it does not own the feed. */
  async #listen(session: string): Promise<boolean> {
    const { siblings } = this.#options
    const { key } = this.shared
    if (this.#role.kind !== 'listener' || this.#role.session !== session) {
      this.#leaveRole()
      const end = siblings.listen(key, (json) => this.#hear(json))
      this.#role = { kind: 'listener', session, end, heardAt: performance.now(), toldAt: Number.NEGATIVE_INFINITY }
    }
    const snapshot = await siblings.snapshot(session, key)
    if (snapshot.kind === 'not-owner') return false
    this.#hearAll(snapshot.messages)
    return true
  }

  #hear(json: unknown): void {
    const message = this.#read(json)
    if (message === undefined) return
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

  #hearAll(kept: readonly unknown[]): void {
    const messages = kept.map((json) => this.#read(json)).filter((message) => message !== undefined)
    this.shared.acceptKept(messages.filter((message) => message.type === 'update').map(keptOf))
    for (const message of messages) {
      if (message.type === 'state') this.shared.stateOfOwner(message.state, message.sequence)
    }
  }

  /** A message of the feed's owner; undefined when it is not for here. */
  #read(json: unknown): FeedMessage<T> | undefined {
    const role = this.#role
    if (role.kind !== 'listener') return undefined
    const { wire, logger } = this.#options
    let message: FeedMessage<T>
    try {
      message = wire.decode(json)
    } catch (error) {
      logger.warn({ err: error, feed: this.#id }, 'a message of a feed could not be read')
      return undefined
    }
    const { key } = this.shared
    // Names that differ in what subjects cannot hold share one; and who owned it once may wake up.
    if (message.connector !== key.connectorName || message.tradingPair !== key.tradingPair) return undefined
    if (message.term < this.#term) return undefined
    this.#term = message.term
    role.heardAt = performance.now()
    if (message.owner !== role.session) this.#role = { ...role, session: message.owner }
    return message
  }

  #leaveRole(): void {
    const role = this.#role
    this.#role = { kind: 'none' }
    if (role.kind === 'owner') role.owned.stop()
    if (role.kind === 'listener') role.end()
  }

  #tellUse(session: string): void {
    if (this.#role.kind === 'listener') this.#role.toldAt = performance.now()
    this.#options.siblings.used(session, this.shared.key, this.shared.lastAccess)
  }

  #count(reason: string): void {
    this.#interruptions.set(reason, (this.#interruptions.get(reason) ?? 0) + 1)
    this.#options.metrics.interruption(this.shared.key, reason)
  }

  #header() {
    const { key, latest } = this.shared
    const session = this.#role.kind === 'owner' ? this.#role.session : ''
    return {
      connector: key.connectorName,
      tradingPair: key.tradingPair,
      owner: session,
      term: this.#term,
      sequence: latest?.sequence ?? 0,
      time: this.#options.now(),
    }
  }

  #update({ sequence, time, value }: FeedUpdate<T>, previous: number): FeedMessage<T> {
    return { ...this.#header(), type: 'update', sequence, time, previous, value }
  }

  #stateNow(reason: Interruption | 'restarted' | null): FeedMessage<T> {
    return { ...this.#header(), type: 'state', state: this.shared.state, reason }
  }

  #say(message: FeedMessage<T>): void {
    if (this.#role.kind === 'owner') this.#role.saidAt = performance.now()
    this.#options.siblings.publish(this.shared.key, this.#options.wire.encode(message))
  }

  #publish(owner: string, term: number, what: { type: 'released' } | ({ type: 'failed' } & FailureText)): void {
    this.#options.siblings.publish(this.shared.key, { ...this.#header(), owner, term, ...what })
  }
}

const keptOf = <T>({ sequence, time, value, previous }: UpdateMessage<T>): KeptUpdate<T> => ({
  update: { sequence, time, value },
  previous,
})
