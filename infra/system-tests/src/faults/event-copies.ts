import { EVENTS_STREAM } from '@colibri/contracts'
import { comparePositions, POSITION_HEADER, type Position } from '@colibri/event-log'
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import pg from 'pg'

/** Ids of every event of the log, in its order. */
export const loggedEvents = async (databaseUrl: string): Promise<readonly string[]> => {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const { rows } = await client.query<{ id: string }>(
      'select event_id::text as id from log.events order by transaction_id, sequence',
    )
    return rows.map(({ id }) => id)
  } finally {
    await client.end()
  }
}

/** Ids of every copy in the stream, in its order. Rejects when the stream cannot be read. */
export const copiedEvents = async (nats: NatsConnection): Promise<readonly string[]> => {
  const manager = await jetstreamManager(nats)
  const { state } = await manager.streams.info(EVENTS_STREAM)
  const ids: string[] = []
  if (state.messages === 0) return ids
  const consumer = await jetstream(nats).consumers.get(EVENTS_STREAM)
  for (let last = 0; last < state.last_seq; ) {
    const before = last
    for await (const message of await consumer.fetch({ max_messages: 5_000, expires: 2_000 })) {
      ids.push(message.headers?.get('Nats-Msg-Id') ?? '')
      last = message.seq
      if (last >= state.last_seq) break
    }
    if (last === before) throw new Error(`the stream ends at ${state.last_seq} and gives nothing after ${last}`)
  }
  return ids
}

export interface Follower {
  /** When an event after the position was first delivered, epoch milliseconds. */
  after(position: Position): number | undefined
  /** When, from a time on, the first event was delivered that had not been before. */
  since(time: number): number | undefined
  has(eventId: string): boolean
  /** Deliveries of a message that had been delivered before: allowed. */
  redeliveries(): number
  /** Events that stand in the stream more than once, or out of the log's order: not allowed. */
  faults(): readonly string[]
  stop(): Promise<void>
}

/**
 * Another program's durable consumer with explicit acknowledgement, as the documents recommend one: applies each event once,
 * by its id, and acknowledges afterwards.
 */
export const followEvents = async (nats: NatsConnection, name: string): Promise<Follower> => {
  const manager = await jetstreamManager(nats)
  await manager.consumers.add(EVENTS_STREAM, {
    durable_name: name,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.New,
    ack_wait: 5_000_000_000,
    max_ack_pending: 5_000,
  })
  const sequences = new Map<string, number>()
  const positions = new Map<number, Position>()
  const firsts: { readonly position: Position; readonly at: number }[] = []
  const twice: string[] = []
  let again = 0
  const consumer = await jetstream(nats).consumers.get(EVENTS_STREAM, name)
  const messages = await consumer.consume({ max_messages: 1_000, idle_heartbeat: 1_000, expires: 2_000 })
  const taking = (async () => {
    for await (const message of messages) {
      const id = message.headers?.get('Nats-Msg-Id') ?? ''
      const position = message.headers?.get(POSITION_HEADER) ?? ''
      const known = sequences.get(id)
      if (known === undefined) {
        sequences.set(id, message.seq)
        positions.set(message.seq, position)
        firsts.push({ position, at: Date.now() })
      } else if (known === message.seq) again++
      else twice.push(`${id} at ${known} and ${message.seq}`)
      message.ack()
    }
  })()
  /** The first of those at the end that hold. */
  const firstOf = (holds: (first: (typeof firsts)[number]) => boolean): number | undefined => {
    const last = firsts.findLastIndex((first) => !holds(first))
    return firsts[last + 1]?.at
  }
  const outOfOrder = (): string[] => {
    const order = [...positions].sort(([a], [b]) => a - b)
    return order.flatMap(([sequence, position], index) => {
      const previous = order[index - 1]?.[1]
      return previous !== undefined && comparePositions(position, previous) <= 0
        ? [`${position} at ${sequence} after ${previous}`]
        : []
    })
  }
  return {
    after: (position) => firstOf((first) => comparePositions(first.position, position) > 0),
    since: (time) => firstOf((first) => first.at >= time),
    has: (id) => sequences.has(id),
    redeliveries: () => again,
    faults: () => [...twice, ...outOfOrder()],
    stop: async () => {
      await messages.close()
      await taking
      await manager.consumers.delete(EVENTS_STREAM, name)
    },
  }
}
