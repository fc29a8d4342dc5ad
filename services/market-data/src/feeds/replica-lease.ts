import { randomUUID } from 'node:crypto'
import type { ServiceKit } from '@colibri/service-kit'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { type KV, Kvm } from '@nats-io/kv'
import type { NatsConnection } from '@nats-io/nats-core'

/** Sessions of living replicas: a key lives as long as its replica renews it. */
export const REPLICAS_BUCKET = 'market-data-replicas'

/** A replica that was silent this long is dead, and its feeds go to others. */
const LEASE_MS = 2_500
const RENEW_MS = 700
const RETRY_MS = 200
const CALL_MS = 700
const WARN_MS = 10_000
/** The replica counts from before it asked and stops this much earlier, so that it never believes longer than the server. */
const MARGIN_MS = 100

export interface ReplicaLeaseOptions {
  readonly nats: NatsConnection
  readonly logger: ServiceKit<unknown>['logger']
  /** The lease lapsed: all that rests on it must stop, now. */
  readonly lapsed: () => void
  readonly acquired: (session: string) => void
}

/**
 * This replica's word that it lives. What it owns is claimed under its session; a session that lapsed never comes back,
 * a new one takes its place.
 */
export interface ReplicaLease {
  /** Undefined while there is none that certainly holds; asked before everything only an owner may do. */
  session(): string | undefined
  /** Whether a session still holds; one of this replica's own that lapsed does not, whatever the server still keeps. */
  alive(session: string): Promise<boolean>
  sessions(): Promise<readonly string[]>
  stop(): Promise<void>
}

interface Held {
  readonly session: string
  revision: number
  /** By both clocks: one may stand still while the machine sleeps. */
  until: { readonly wall: number; readonly steady: number }
}

const later = (ms: number) => ({ wall: Date.now() + ms, steady: performance.now() + ms })

export const startReplicaLease = (options: ReplicaLeaseOptions): ReplicaLease => {
  const { nats, logger } = options
  let bucket: KV | undefined
  let leaseMs = LEASE_MS
  let held: Held | undefined
  const lapsed = new Set<string>()
  let stopped = false
  let warnedAt = Number.NEGATIVE_INFINITY
  let timer: NodeJS.Timeout | undefined
  let deadline: NodeJS.Timeout | undefined

  const open = async (): Promise<KV> => {
    if (bucket !== undefined) return bucket
    const made = await new Kvm(jetstream(nats, { timeout: CALL_MS })).create(REPLICAS_BUCKET, {
      ttl: LEASE_MS,
      allow_direct: false,
    })
    // A bucket that is there already keeps its own time.
    leaseMs = (await made.status()).ttl
    bucket = made
    return made
  }

  const lapse = (why: string): void => {
    if (held === undefined) return
    lapsed.add(held.session)
    held = undefined
    clearTimeout(deadline)
    logger.warn({ why }, 'the lease of this replica lapsed')
    options.lapsed()
  }

  const session = (): string | undefined => {
    if (held !== undefined && (performance.now() >= held.until.steady || Date.now() >= held.until.wall)) {
      lapse('it was not renewed in time')
    }
    return held?.session
  }

  const extend = (lease: Held, revision: number, until: Held['until']): void => {
    lease.revision = revision
    lease.until = until
    clearTimeout(deadline)
    deadline = setTimeout(session, until.steady - performance.now())
  }

  const acquire = async (): Promise<void> => {
    const kv = await open()
    const until = later(leaseMs - MARGIN_MS)
    const name = randomUUID()
    const revision = await kv.create(name, '')
    if (stopped) return
    held = { session: name, revision, until }
    extend(held, revision, until)
    if (session() === name) options.acquired(name)
  }

  const renew = async (lease: Held): Promise<void> => {
    const kv = await open()
    const until = later(leaseMs - MARGIN_MS)
    try {
      const revision = await kv.update(lease.session, '', lease.revision, CALL_MS)
      if (held === lease && session() === lease.session) extend(lease, revision, until)
    } catch (error) {
      // The answer to an earlier renewal may have been lost; the key is nobody else's.
      const entry = await kv.get(lease.session).catch(() => undefined)
      if (entry === null) lapse('the server has let it go')
      else if (entry !== undefined) lease.revision = entry.revision
      throw error
    }
  }

  const beat = async (): Promise<void> => {
    let wait = RENEW_MS
    try {
      if (session() !== undefined && held !== undefined) await renew(held)
      else await acquire()
    } catch (error) {
      wait = RETRY_MS
      // The bucket may be gone with the server's data; it is made again.
      if (held === undefined) bucket = undefined
      if (performance.now() - warnedAt >= WARN_MS) {
        warnedAt = performance.now()
        logger.warn({ err: error, held: held !== undefined }, 'the lease of this replica could not be renewed')
      }
    }
    if (!stopped) timer = setTimeout(start, wait)
  }
  const start = (): void => {
    running = beat()
  }
  let running = Promise.resolve()
  start()

  return {
    session,
    alive: async (other) => {
      if (lapsed.has(other)) return false
      const entry = await (await open()).get(other)
      return entry !== null && entry.operation === 'PUT'
    },
    sessions: async () => {
      const manager = await jetstreamManager(nats, { checkAPI: false, timeout: CALL_MS })
      const { state } = await manager.streams.info(`KV_${REPLICAS_BUCKET}`, { subjects_filter: '>' })
      return Object.keys(state.subjects ?? {}).map((subject) => subject.slice(subject.lastIndexOf('.') + 1))
    },
    stop: async () => {
      stopped = true
      clearTimeout(timer)
      await running
      clearTimeout(deadline)
      const name = held?.session
      held = undefined
      if (name !== undefined) await bucket?.purge(name).catch(() => undefined)
    },
  }
}
