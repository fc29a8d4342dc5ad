import { type OrderEvent, orderStream } from '@colibri/contracts'
import {
  type AppendResult,
  DuplicateEvent,
  derivedEventId,
  type EventLog,
  type NewEvent,
  randomEventId,
  VersionConflict,
} from '@colibri/event-log'
import {
  isFinished,
  type Order,
  type OrderCommand,
  type OrderIntent,
  OrderNotPlaced,
  orderDecider,
  orderEventOf,
  type PlacedOrder,
  statusOf,
} from './order.ts'

/** Who says something about an order. Without a correlation it belongs to the request that placed the order. */
export interface Cause {
  readonly actor: string
  readonly correlationId?: string
  readonly causationId?: string
}

/** A cause that may know the network address it came from. */
export interface TracedCause extends Cause {
  readonly address?: string
}
/** A client's request. */
export type RequestCause = Required<Cause> & TracedCause

export interface LiveOrder {
  readonly order: PlacedOrder
  /** Epoch milliseconds of the intent. */
  readonly createdAt: number
  /** Epoch milliseconds of the newest fact. */
  readonly touchedAt: number
}

export interface Handled {
  readonly order: PlacedOrder
  /** Absent when nothing new was decided. */
  readonly appended?: AppendResult
}

/** Every order's stream, with the ones in use kept in memory, so that a hot order costs one append and no read. */
export interface OrderStreams {
  /** Stores the intent as the first event of its stream. Throws `DuplicateEvent`, `VersionConflict` or `LogUnavailable`. */
  submit(intent: OrderIntent, eventId: string, cause: RequestCause): Promise<AppendResult>
  /** Stores an order that was found at the venue; one that is stored already stays as it is. Deterministic event ids. */
  discover(intent: OrderIntent, venueOrderId: string, cause: Cause): Promise<LiveOrder>
  /** Throws `OrderNotPlaced` for an id that was never submitted. */
  handle(
    clientOrderId: string,
    command: Exclude<OrderCommand, { kind: 'submit' }>,
    cause: TracedCause,
  ): Promise<Handled>
  load(clientOrderId: string): Promise<LiveOrder | undefined>
  /** Resolves when whatever was being stored at the time of the call is stored, or could not be. Never rejects. */
  stored(): Promise<void>
  /** Orders in memory that are not finished. */
  live(): readonly LiveOrder[]
  /** Another process may write the account's orders from now on, or has written them until now. */
  forgetOf(accountName: string): void
  /** Orders in memory that ended at or after a time, not filled. */
  endedSince(time: number): readonly LiveOrder[]
  /** The client order id behind a venue's id, when it is in memory. Some venues count orders for each pair anew. */
  clientOrderIdOf(
    accountName: string,
    connectorName: string,
    tradingPair: string,
    venueOrderId: string,
  ): string | undefined
}

interface Entry {
  order: PlacedOrder
  version: number
  createdAt: number
  touchedAt: number
  correlationId: string
  lastEventId: string
}

const ATTEMPTS = 8
/** Finished orders kept for late fills and queries by venue id. */
const FINISHED_KEPT = 5_000

const venueKey = (accountName: string, connectorName: string, tradingPair: string, venueOrderId: string): string =>
  `${accountName}\n${connectorName}\n${tradingPair}\n${venueOrderId}`

const keyAtVenue = ({ accountName, connectorName, tradingPair }: OrderIntent, venueOrderId: string): string =>
  venueKey(accountName, connectorName, tradingPair, venueOrderId)

/** An order that was found has been there for longer than its stream. */
const createdAt = ({ external }: OrderIntent, storedAt: number): number =>
  Math.min(storedAt, external?.placedAt ?? storedAt)

/** `logOf`: the log as the writer of one account has it. */
export const createOrderStreams = (
  log: EventLog,
  now: () => number,
  logOf: (accountName: string) => Pick<EventLog, 'append'>,
): OrderStreams => {
  const entries = new Map<string, Entry>()
  const unfinished = new Map<string, Entry>()
  const finished = new Set<string>()
  const byVenueId = new Map<string, string>()
  const queues = new Map<string, Promise<unknown>>()

  /** Commands of one order run one after the other: its outcome, its fills and its cancel meet here. */
  const inTurn = <T>(id: string, work: () => Promise<T>): Promise<T> => {
    const run = (queues.get(id) ?? Promise.resolve()).then(work, work)
    const settled = run.then(
      () => undefined,
      () => undefined,
    )
    queues.set(id, settled)
    void settled.then(() => {
      if (queues.get(id) === settled) queues.delete(id)
    })
    return run
  }

  const keep = (entry: Entry): void => {
    const { intent, venueOrderId } = entry.order
    entries.set(intent.clientOrderId, entry)
    unfinished.set(intent.clientOrderId, entry)
    if (venueOrderId !== null) {
      byVenueId.set(keyAtVenue(intent, venueOrderId), intent.clientOrderId)
    }
    if (!isFinished(entry.order)) return
    unfinished.delete(intent.clientOrderId)
    finished.add(intent.clientOrderId)
    const [oldest] = finished
    if (finished.size > FINISHED_KEPT && oldest !== undefined) forget(oldest)
  }

  const forget = (id: string): void => {
    const order = entries.get(id)?.order
    entries.delete(id)
    unfinished.delete(id)
    finished.delete(id)
    if (order?.venueOrderId != null) byVenueId.delete(keyAtVenue(order.intent, order.venueOrderId))
  }

  const read = async (id: string): Promise<Entry | undefined> => {
    const history = await log.read(orderStream(id))
    const [first] = history
    const last = history.at(-1)
    if (first === undefined || last === undefined) return undefined
    const order = history.reduce(
      (state: Order, event) => orderDecider.evolve(state, orderEventOf(event)),
      orderDecider.initialState,
    )
    if (order.kind === 'none') return undefined
    return {
      order,
      version: last.version,
      createdAt: createdAt(order.intent, first.metadata.time),
      touchedAt: last.metadata.time,
      correlationId: first.metadata.correlationId,
      lastEventId: last.id,
    }
  }

  /** The entry in memory, or read from the log. What was in doubt after a failed append is read again. */
  const current = async (id: string): Promise<Entry | undefined> => {
    const known = entries.get(id)
    if (known !== undefined && known.version >= 0) return known
    const fresh = await read(id)
    if (fresh !== undefined) keep(fresh)
    return fresh
  }

  const doubt = (id: string): void => {
    const entry = entries.get(id)
    if (entry !== undefined) entry.version = -1
  }

  const newEvents = (id: string, events: readonly OrderEvent[], entry: Entry, cause: TracedCause): NewEvent[] =>
    events.map((event) => ({
      id:
        event.type === 'OrderFilled'
          ? derivedEventId(orderStream(id), `fill ${event.data.tradeId}`, 0)
          : randomEventId(),
      type: event.type,
      schemaVersion: 1,
      data: event.data,
      metadata: {
        actor: cause.actor,
        correlationId: cause.correlationId ?? entry.correlationId,
        causationId: cause.causationId ?? entry.lastEventId,
        time: now(),
        ...(cause.address === undefined ? {} : { address: cause.address }),
      },
    }))

  return {
    stored: async () => {
      await Promise.all(queues.values())
    },

    submit: (intent, eventId, cause) =>
      inTurn(intent.clientOrderId, async () => {
        const time = now()
        const appended = await logOf(intent.accountName).append(
          orderStream(intent.clientOrderId),
          [{ id: eventId, type: 'OrderSubmitted', schemaVersion: 1, data: intent, metadata: { ...cause, time } }],
          'none',
        )
        const order = orderDecider.evolve(orderDecider.initialState, { type: 'OrderSubmitted', data: intent })
        if (order.kind === 'none') throw new OrderNotPlaced('a submitted order is placed')
        keep({
          order,
          version: appended.version,
          createdAt: time,
          touchedAt: time,
          correlationId: cause.correlationId,
          lastEventId: eventId,
        })
        return appended
      }),

    discover: (intent, venueOrderId, cause) =>
      inTurn(intent.clientOrderId, async () => {
        const id = intent.clientOrderId
        const known = await current(id)
        if (known !== undefined) return known
        const time = now()
        const stream = orderStream(id)
        const correlationId = cause.correlationId ?? derivedEventId(stream, 'found', 0)
        const events: readonly OrderEvent[] = [
          { type: 'OrderSubmitted', data: intent },
          { type: 'OrderAccepted', data: { venueOrderId } },
        ]
        const stored = events.map((event, index) => ({
          id: derivedEventId(stream, 'found', index),
          ...event,
          schemaVersion: 1,
          metadata: { actor: cause.actor, correlationId, causationId: cause.causationId ?? correlationId, time },
        }))
        try {
          await logOf(intent.accountName).append(stream, stored, 'none')
        } catch (error) {
          if (!(error instanceof VersionConflict || error instanceof DuplicateEvent)) throw error
        }
        const fresh = await current(id)
        if (fresh === undefined) throw new OrderNotPlaced(`order ${id} was stored and is not there`)
        return fresh
      }),

    handle: (id, command, cause) =>
      inTurn(id, async () => {
        for (let attempt = 1; ; attempt += 1) {
          const entry = await current(id)
          if (entry === undefined) throw new OrderNotPlaced(`order ${id} was never submitted`)
          const events = orderDecider.decide(command, entry.order)
          if (events.length === 0) return { order: entry.order }
          const stored = newEvents(id, events, entry, cause)
          try {
            const { accountName } = entry.order.intent
            const appended = await logOf(accountName).append(orderStream(id), stored, entry.version)
            const order = events.reduce((state: Order, event) => orderDecider.evolve(state, event), entry.order)
            if (order.kind === 'none') throw new OrderNotPlaced('a placed order stays placed')
            const last = stored.at(-1)
            keep({
              ...entry,
              order,
              version: appended.version,
              touchedAt: last?.metadata.time ?? entry.touchedAt,
              lastEventId: last?.id ?? entry.lastEventId,
            })
            return { order, appended }
          } catch (error) {
            doubt(id)
            const raced = error instanceof VersionConflict || error instanceof DuplicateEvent
            if (!raced || attempt >= ATTEMPTS) throw error
          }
        }
      }),

    load: async (id) => {
      const entry = await inTurn(id, () => current(id))
      return entry
    },

    live: () => [...unfinished.values()],

    forgetOf: (accountName) => {
      for (const [id, { order }] of [...entries]) if (order.intent.accountName === accountName) forget(id)
    },

    endedSince: (time) =>
      [...finished].flatMap((id) => {
        const entry = entries.get(id)
        return entry !== undefined && entry.touchedAt >= time && statusOf(entry.order) !== 'FILLED' ? [entry] : []
      }),

    clientOrderIdOf: (accountName, connectorName, tradingPair, venueOrderId) =>
      byVenueId.get(venueKey(accountName, connectorName, tradingPair, venueOrderId)),
  }
}
