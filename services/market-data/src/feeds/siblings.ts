import type { MarketMessage } from '@colibri/contracts'
import type { NatsConnection } from '@nats-io/nats-core'
import { askReplica, snapshotReply, tellReplica } from './control.ts'
import type { FeedKey } from './feed.ts'
import type { FeedClaims } from './feed-claims.ts'
import { feedSubject } from './feed-key.ts'
import type { ReplicaLease } from './replica-lease.ts'

/** The feeds of a replica among its siblings. */
export interface Siblings {
  readonly lease: ReplicaLease
  readonly claims: FeedClaims
  publish(key: FeedKey, message: MarketMessage): void
  /** Every message of the feed's subject until the returned function is called. */
  listen(key: FeedKey, each: (json: unknown) => void): () => void
  /** What the owner has kept, or why it has nothing; rejects when it does not answer. */
  snapshot(session: string, key: FeedKey): Promise<Snapshot>
  /** Tells the owner that the feed was used here. */
  used(session: string, key: FeedKey, lastAccess: number): void
}

export type Snapshot = { readonly kind: 'kept'; readonly messages: readonly unknown[] } | { readonly kind: 'not-owner' }

/** The other replicas, over NATS. */
export const siblingsOver = (
  nats: NatsConnection,
  lease: ReplicaLease,
  claims: FeedClaims,
  report: (error: unknown) => void,
): Siblings => ({
  lease,
  claims,
  publish: (key, message) => {
    // What is said while the connection is away is kept by the client; the lease bounds how much that can be.
    if (!nats.isClosed() && !nats.isDraining()) nats.publish(feedSubject(key), JSON.stringify(message))
  },
  listen: (key, each) => {
    const subscription = nats.subscribe(feedSubject(key), {
      callback: (error, message) => {
        if (error !== null) return report(error)
        let json: unknown
        try {
          json = message.json()
        } catch (notJson) {
          return report(notJson)
        }
        each(json)
      },
    })
    return () => subscription.unsubscribe()
  },
  snapshot: (session, key) => askReplica(nats, session, { op: 'snapshot', key }, snapshotReply),
  used: (session, key, lastAccess) => tellReplica(nats, session, { op: 'used', key, lastAccess }),
})
