import { setTimeout as sleep } from 'node:timers/promises'
import { VENUE_BUDGETS } from '@colibri/contracts'
import { type SharedCell, type SharedStore, StoreAway } from '@colibri/exchange'
import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream'
import { type KV, Kvm } from '@nats-io/kv'
import type { NatsConnection } from '@nats-io/nats-core'
import type { z } from 'zod'
import { serverClock } from './server-clock.ts'

/** Of a connection that stands but is silent. Shorter than this a process that gets no processor takes itself for cut off. */
const CALL_MS = 2_000
const ATTEMPTS = 8
const BEAT_MS = 5_000
/** A replica that has not said so for this long shares no more. */
const ALIVE_MS = 3 * BEAT_MS
/** After the store is back, until every replica has told what it spent alone. NATS clients come back within two seconds. */
const SETTLE_MS = 5_000
const RETRY_MS = 500
/** How many share where nobody could be asked yet. */
const ASSUMED_REPLICAS = 4
/** Long enough ago to be swept away by whoever comes by. */
const FORGOTTEN_MS = 60 * 60_000

export interface NatsStoreOptions {
  readonly nats: NatsConnection
  readonly instanceId: string
  report(error: unknown, what: string): void
  /** It has lost the others, or takes itself for lost, and lives on its share. */
  cutOff(): void
  readonly bucket?: string
  /** Overrides for tests. */
  readonly settleMs?: number
}

export interface NatsStore extends SharedStore {
  stop(): Promise<void>
}

interface Entry {
  readonly revision: number
  readonly text: string
}

const isConflict = (error: unknown): boolean =>
  error instanceof JetStreamApiError &&
  (error.code === JetStreamApiCodes.StreamWrongLastSequence ||
    error.code === JetStreamApiCodes.StreamWrongLastSequenceUnknown)

const replicaKey = (id: string): string => `replica.${id}`

/**
 * Shared state in a JetStream key-value bucket: every replica watches all of it and changes it by compare-and-set. Resolves
 * when the bucket is open, or cannot be opened now; whenever it is away each replica is alone.
 */
export const natsStore = async (options: NatsStoreOptions): Promise<NatsStore> => {
  const { nats, instanceId, report, bucket = VENUE_BUDGETS, ...rest } = options
  const settleMs = rest.settleMs ?? SETTLE_MS
  const clock = serverClock()
  const entries = new Map<string, Entry>()
  const watched = new Map<string, Set<() => void>>()
  const returned = new Set<() => void>()
  const replicas = new Map<string, number>()
  const stopping = new AbortController()
  let kv: KV | undefined
  let watch: { stop(): void } | undefined
  let connected = true
  /** By the process's own clock. */
  let sharedFrom = Number.POSITIVE_INFINITY
  let firstTime = true
  let lastContact = clock.now()

  const notify = (key: string): void => {
    for (const listener of watched.get(key) ?? []) listener()
  }

  const take = (key: string, entry: Entry): void => {
    const before = entries.get(key)
    if (before !== undefined && before.revision >= entry.revision) return
    entries.set(key, entry)
    notify(key)
  }

  /** Opens the bucket and reads all of it, then follows it. */
  const open = async (): Promise<void> => {
    watch?.stop()
    const opened = await new Kvm(nats).create(bucket, { history: 1, allow_direct: false, timeout: CALL_MS })
    const known = [...entries]
    entries.clear()
    const status = await opened.status()
    const changes = await opened.watch()
    watch = changes
    const { promise: read, resolve } = Promise.withResolvers<void>()
    if (status.values === 0) resolve()
    const follow = async (): Promise<void> => {
      for await (const change of changes) {
        const [kind, id] = change.key.split('.')
        if (kind === 'replica' && id !== undefined) {
          if (change.operation === 'PUT') replicas.set(id, change.created.getTime())
          else replicas.delete(id)
        } else if (change.operation === 'PUT') take(change.key, { revision: change.revision, text: change.string() })
        if (change.isUpdate) resolve()
      }
      resolve()
    }
    follow().catch((error: unknown) => report(error, 'following the budgets of venues'))
    await Promise.race([read, sleep(CALL_MS)])
    // A server that lost its data gets back what is known here.
    for (const [key, { text }] of known) {
      if (entries.has(key)) continue
      const put = { previousSeq: 0, timeout: CALL_MS }
      await opened.put(key, text, put).then(
        (revision) => take(key, { revision, text }),
        (error: unknown) => {
          if (!isConflict(error)) throw error
        },
      )
    }
    kv = opened
  }

  /** Says that this replica lives, and reads the server's clock. */
  const beat = async (): Promise<void> => {
    if (kv === undefined) await open()
    if (kv === undefined) return
    await kv.put(replicaKey(instanceId), '', { timeout: CALL_MS })
    const asked = performance.now()
    const { ts } = (await kv.status()).streamInfo
    if (ts !== undefined) clock.read(Date.parse(ts), asked, performance.now())
    lastContact = clock.now()
    for (const [id, seen] of replicas) {
      if (seen < lastContact - FORGOTTEN_MS) await kv.purge(replicaKey(id))
    }
    if (sharedFrom !== Number.POSITIVE_INFINITY) return
    sharedFrom = performance.now() + (firstTime ? 0 : settleMs)
    firstTime = false
    for (const listener of returned) listener()
    setTimeout(() => {
      if (reach() === 'shared') for (const listener of returned) listener()
    }, settleMs + 1).unref()
  }

  const away = (error: unknown): void => {
    if (sharedFrom !== Number.POSITIVE_INFINITY) {
      report(error, 'the budgets of venues cannot be shared')
      options.cutOff()
    }
    sharedFrom = Number.POSITIVE_INFINITY
    kv = undefined
    wake()
  }

  const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
  let wake: () => void = () => undefined
  const keepBeating = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      let wait = BEAT_MS
      try {
        if (connected) await beat()
      } catch (error) {
        away(error)
      }
      begin()
      if (kv === undefined) wait = RETRY_MS
      const woken = new Promise<void>((resolve) => {
        wake = resolve
      })
      const waited = new AbortController()
      const { signal } = waited
      await Promise.race([woken, sleep(wait, undefined, { signal }).catch(() => undefined)])
      waited.abort()
    }
  }

  const followConnection = async (): Promise<void> => {
    for await (const status of nats.status()) {
      if (status.type === 'disconnect') {
        connected = false
        away(new StoreAway('the connection to NATS is lost'))
      } else if (status.type === 'reconnect') {
        connected = true
        wake()
      }
    }
  }
  followConnection().catch((error: unknown) => report(error, 'following the connection to NATS'))
  const beating = keepBeating()

  const reach = (): 'shared' | 'alone' => (performance.now() >= sharedFrom ? 'shared' : 'alone')

  const refresh = async (from: KV, key: string): Promise<void> => {
    const entry = await from.get(key)
    if (entry === null || entry.operation !== 'PUT') entries.delete(key)
    else take(key, { revision: entry.revision, text: entry.string() })
  }

  await begun
  return {
    cell<S>(key: string, schema: z.ZodType<S>, initial: S, changed: () => void): SharedCell<S> {
      watched.set(key, (watched.get(key) ?? new Set()).add(changed))
      let parsed: { readonly text: string; readonly state: S } | undefined
      const state = (): S => {
        const text = entries.get(key)?.text
        if (text === undefined) return initial
        // A state of another version's making is begun anew rather than believed.
        if (parsed?.text !== text) parsed = { text, state: schema.catch(() => initial).parse(jsonOf(text)) }
        return parsed.state
      }
      return {
        state,
        async update(decide) {
          for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
            const { next, result } = decide(state(), clock.now())
            if (next === undefined) return result
            const store = kv
            if (store === undefined || !connected) throw new StoreAway('the shared budgets are away')
            const text = JSON.stringify(next)
            const previousSeq = entries.get(key)?.revision ?? 0
            try {
              take(key, { revision: await store.put(key, text, { previousSeq, timeout: CALL_MS }), text })
              return result
            } catch (error) {
              try {
                if (!isConflict(error)) throw error
                await refresh(store, key)
              } catch (failure) {
                away(failure)
                throw new StoreAway('the shared budgets are away', { cause: failure })
              }
            }
            await sleep(Math.random() * 2 ** attempt)
          }
          throw new StoreAway(`${key} is changed by others too often`)
        },
      }
    },
    now: clock.now,
    replicas: () => {
      const at = reach() === 'shared' ? clock.now() : lastContact
      const others = [...replicas].filter(([id, seen]) => id !== instanceId && seen > at - ALIVE_MS)
      return firstTime ? ASSUMED_REPLICAS : others.length + 1
    },
    reach,
    onReturn: (listener) => void returned.add(listener),
    async stop() {
      stopping.abort()
      wake()
      await beating
      watch?.stop()
      if (connected && !nats.isClosed()) await kv?.delete(replicaKey(instanceId)).catch(() => undefined)
    },
  }
}

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
