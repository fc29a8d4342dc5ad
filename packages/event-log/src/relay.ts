import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/nats-core'
import type { Pool } from 'pg'
import { commitWithCheckpoint } from './apply-batch.ts'
import { CHECKPOINT_TABLES, loadCheckpoint } from './checkpoint.ts'
import { comparePositions, type EventLog, type Page, type Position, type RecordedEvent, START } from './event-log.ts'
import { whileLeader } from './leadership.ts'
import { backOff, pause } from './pause.ts'
import { inTransaction, withClient } from './postgres-transaction.ts'
import {
  createStream,
  findStream,
  hasHole,
  publishInOrder,
  type RelayStream,
  recreateStream,
  StreamMoved,
  StreamTorn,
  type Tail,
  tailOf,
} from './relay-stream.ts'

export interface RelayOptions {
  /** Subject of an event's copy, under one of `subjects`. */
  readonly subjectOf: (event: RecordedEvent) => string
  /** Name of the JetStream stream; `EVENTS` unless given. */
  readonly stream?: string
  /** What the stream captures; `events.>` unless given. */
  readonly subjects?: readonly string[]
  /** Copies each message has in a NATS cluster; 1 unless given. */
  readonly replicas?: number
  /** Messages published before the first acknowledgement is awaited; 256 unless given. */
  readonly inFlight?: number
  /** How often an idle relay looks whether its stream is still there; 1 s unless given. */
  readonly checkEveryMs?: number
  readonly onError?: (error: unknown) => void
  /** Passed when a copy is in the stream and nobody has noted it yet: a crash test ends the process there. */
  readonly failpoint?: (name: 'copy-published') => void
  /** Told when copies that had been published were lost and are published again. */
  readonly onRefill?: (refill: Refill) => void
}

export interface Refill {
  readonly reason: 'stream-missing' | 'stream-behind' | 'stream-foreign' | 'stream-torn'
  /** Copies after this position are published again. */
  readonly from: Position
  readonly published: Position
}

export interface RunningRelay {
  /** True in the one process whose relay is at work. */
  active(): boolean
  /** Everything up to here is in the stream, as far as this process has seen. */
  position(): Position
  error(): Error | undefined
  stop(): Promise<void>
}

const RETRY = { firstMs: 50, longestMs: 3_000 }
const SAVE_EVERY_MS = 1_000
const SCHEMA = 'log'

/**
 * Copies every event of the log to a JetStream stream, in the order of the log, one message per event with the event's id
 * as message id. Every process may run a relay; an elected one works. The stream's own last message says where to go on,
 * so nothing is left out after any crash; a stream that is missing, behind or not a copy of this log is made and filled
 * again.
 */
export const startRelay = async (
  log: EventLog,
  pool: Pool,
  nats: NatsConnection,
  options: RelayOptions,
): Promise<RunningRelay> => {
  const {
    subjectOf,
    inFlight = 256,
    checkEveryMs = 1_000,
    onError = () => {},
    onRefill = () => {},
    failpoint = () => {},
  } = options
  const stream: RelayStream = {
    name: options.stream ?? 'EVENTS',
    subjects: options.subjects ?? ['events.>'],
    replicas: options.replicas ?? 1,
  }
  const reader = `relay ${stream.name}`
  await inTransaction(pool, async (client) => {
    await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`colibri projection tables ${SCHEMA}`])
    await client.query(`create schema if not exists ${SCHEMA}; set local search_path to ${SCHEMA}`)
    await client.query(CHECKPOINT_TABLES)
  })

  const client = jetstream(nats)
  const stopping = new AbortController()
  let leading: 'active' | 'passive' = 'passive'
  let failure: Error | undefined
  let copied: Position = START
  /** Set until the stream was made anew: its last copy looks right but an earlier one is missing. */
  let copy: 'whole' | 'torn' = 'whole'
  const fail = (error: unknown) => {
    failure = error instanceof Error ? error : new Error(String(error))
    onError(failure)
  }

  /** Finds, or makes again, the stream and its last copy. */
  const sync = async (checkpoint: Position): Promise<Tail> => {
    const manager = await jetstreamManager(nats)
    const found = await findStream(manager, stream)
    const holed = found !== undefined && hasHole(found)
    if (holed) copy = 'torn'
    const tail = await tailOf(manager, stream, found ?? (await createStream(manager, stream)))
    if (copy === 'torn' || tail === 'foreign' || !(await isOurs(tail))) {
      onRefill({ reason: holed ? 'stream-torn' : 'stream-foreign', from: START, published: checkpoint })
      const { state } = await recreateStream(manager, stream)
      copy = 'whole'
      return { sequence: state.last_seq }
    }
    const from = tail.last?.position ?? START
    if (comparePositions(from, checkpoint) < 0) {
      onRefill({ reason: found === undefined ? 'stream-missing' : 'stream-behind', from, published: checkpoint })
      // A stream that was emptied still remembers the ids it has seen and would drop the copies: it starts anew.
      if (found !== undefined && tail.last === undefined && tail.sequence > 0) {
        const { state } = await recreateStream(manager, stream)
        return { sequence: state.last_seq }
      }
    }
    return tail
  }

  /** The last copy is an event of this log, and not what an earlier installation left behind. */
  const isOurs = async ({ last }: Tail): Promise<boolean> => {
    if (last === undefined) return true
    const [original] = await log.read(last.streamId, last.version)
    return original?.id === last.eventId && original.position === last.position
  }

  const copyOnce = async (signal: AbortSignal): Promise<void> => {
    let saved = await withClient(pool, (connection) => loadCheckpoint(connection, SCHEMA, reader))
    const tail = await sync(comparePositions(saved, copied) > 0 ? saved : copied)
    copied = tail.last?.position ?? START
    let sequence = tail.sequence
    let busy: 'publishing' | 'idle' = 'idle'
    let published = 0
    let savedAt = 0
    let problem: unknown
    failure = undefined
    const broken = new AbortController()
    const ending = AbortSignal.any([signal, broken.signal])
    const give = (error: unknown) => {
      problem ??= error
      if (error instanceof StreamTorn) copy = 'torn'
      broken.abort()
    }

    const save = async () => {
      if (saved === copied) return
      const batch = { schema: SCHEMA, projection: reader, from: saved, to: copied }
      const outcome = await commitWithCheckpoint(pool, batch, async () => {})
      savedAt = Date.now()
      if (outcome.kind === 'saved' || outcome.kind === 'already') saved = copied
      else throw new StreamMoved(`the checkpoint of ${reader} was moved to ${outcome.stored} by another relay`)
    }
    const publish = async ({ events }: Page) => {
      busy = 'publishing'
      published += 1
      try {
        for (let start = 0; start < events.length && !ending.aborted; start += inFlight) {
          const chunk = events.slice(start, start + inFlight)
          sequence = await publishInOrder(client, stream, sequence, chunk, subjectOf)
          failpoint('copy-published')
          copied = chunk.at(-1)?.position ?? copied
        }
        if (Date.now() - savedAt >= SAVE_EVERY_MS) await save()
      } catch (error) {
        give(error)
      } finally {
        busy = 'idle'
      }
    }
    const check = async () => {
      while (!ending.aborted) {
        await pause(checkEveryMs, ending)
        if (ending.aborted || busy === 'publishing') continue
        const expected = sequence
        const before = published
        const found = await findStream(await jetstreamManager(nats), stream)
        if (found === undefined) throw new StreamMoved(`${stream.name} is gone`)
        if (hasHole(found)) throw new StreamTorn(`${stream.name} has lost messages among those it kept`)
        const { last_seq: last, messages } = found.state
        // What was published meanwhile makes the answer stale; the next look tells.
        if (published !== before) continue
        if (last !== expected || (messages === 0 && copied !== START)) {
          throw new StreamMoved(
            `${stream.name} is at ${last} with ${messages} messages, the relay left it at ${expected}`,
          )
        }
        await save()
      }
    }

    const checking = check().catch(give)
    await log.subscribe(copied, {}, publish, ending)
    broken.abort()
    await checking
    if (problem !== undefined) throw problem
    await save()
  }

  const lead = async (signal: AbortSignal): Promise<void> => {
    leading = 'active'
    try {
      for (let attempt = 0; !signal.aborted; attempt += 1) {
        const before = copied
        try {
          await copyOnce(signal)
        } catch (error) {
          fail(error)
        }
        if (copied !== before) attempt = 0
        if (!signal.aborted) await pause(backOff(attempt, RETRY), signal)
      }
    } finally {
      leading = 'passive'
    }
  }

  const running = whileLeader(pool, `colibri ${reader}`, { lead, onError: fail }, stopping.signal)
  return {
    active: () => leading === 'active',
    position: () => copied,
    error: () => failure,
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}
