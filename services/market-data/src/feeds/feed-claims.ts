import { JetStreamApiCodes, JetStreamApiError, jetstream, jetstreamManager } from '@nats-io/jetstream'
import { type KV, Kvm } from '@nats-io/kv'
import type { NatsConnection } from '@nats-io/nats-core'
import { z } from 'zod'
import type { FeedKey } from './feed.ts'
import { kindText } from './feed-key.ts'

/** Which session owns which feed. Every change is a compare-and-set on the revision of the one before. */
export const FEEDS_BUCKET = 'market-data-feeds'

const CALL_MS = 1_000

const claimed = z.object({
  /** Of the owner, `null` when it let go. */
  session: z.string().nullable(),
  term: z.int(),
})

export interface Claim {
  readonly session: string | null
  readonly term: number
  readonly revision: number
}

export interface FeedClaims {
  read(key: FeedKey): Promise<Claim | undefined>
  /** Takes a feed over from `seen`, in a term above every earlier one. Undefined when somebody was faster. */
  take(key: FeedKey, session: string, seen: Claim | undefined, knownTerm: number): Promise<Claim | undefined>
  /** Lets go; the term is remembered. */
  release(key: FeedKey, claim: Claim): Promise<void>
  /** Lets go of a feed that never had anything: nothing is left of it. */
  forget(key: FeedKey): Promise<void>
}

export const openFeedClaims = (nats: NatsConnection, now: () => number): FeedClaims => {
  let bucket: KV | undefined
  const open = async (): Promise<KV> => {
    bucket ??= await new Kvm(jetstream(nats, { timeout: CALL_MS })).create(FEEDS_BUCKET, { allow_direct: false })
    return bucket
  }
  /** A bucket that went with the server's data is made again. */
  const withBucket = async <R>(work: (kv: KV) => Promise<R>): Promise<R> => {
    try {
      return await work(await open())
    } catch (error) {
      bucket = undefined
      if (!(error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound)) throw error
      return await work(await open())
    }
  }
  const read = (key: FeedKey): Promise<Claim | undefined> =>
    withBucket(async (kv) => {
      const entry = await kv.get(keyText(key))
      if (entry === null || entry.operation !== 'PUT') return undefined
      return { ...claimed.parse(entry.json()), revision: entry.revision }
    })

  return {
    read,
    take: (key, session, seen, knownTerm) =>
      withBucket(async (kv) => {
        // Terms start at the clock's seconds, so that they grow even when the server lost the last one.
        const term = Math.max((seen?.term ?? 0) + 1, knownTerm + 1, Math.floor(now() / 1_000))
        const value = JSON.stringify({ session, term } satisfies z.infer<typeof claimed>)
        const name = keyText(key)
        try {
          const revision =
            seen === undefined ? await kv.create(name, value) : await kv.update(name, value, seen.revision, CALL_MS)
          return { session, term, revision }
        } catch (error) {
          // Lost the race, or won it and lost the answer.
          const current = await read(key)
          if (current?.session === session && current.term === term) return current
          if (current === undefined || current.revision === seen?.revision) throw error
          return undefined
        }
      }),
    release: (key, { term, revision }) =>
      withBucket(async (kv) => {
        const value = JSON.stringify({ session: null, term } satisfies z.infer<typeof claimed>)
        await kv.update(keyText(key), value, revision, CALL_MS)
      }),
    forget: async (key) => {
      const manager = await jetstreamManager(nats, { checkAPI: false, timeout: CALL_MS })
      await manager.streams.purge(`KV_${FEEDS_BUCKET}`, { filter: `$KV.${FEEDS_BUCKET}.${keyText(key)}` })
    },
  }
}

/** Keys may hold few characters: all others are written as their bytes. */
const keyText = (key: FeedKey): string =>
  [key.connectorName, key.tradingPair, kindText(key)].map((part) => part.replaceAll(/[^A-Za-z0-9-]/gu, bytes)).join('.')

const bytes = (character: string): string => `=${Buffer.from(character).toString('hex')}`
