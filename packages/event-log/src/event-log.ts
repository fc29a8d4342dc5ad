import type { Fence } from './fence.ts'

/**
 * The log as a port. A stream is one aggregate's history (`order-<id>`); its category is the text before the first dash.
 * Two drivers, Postgres (the default) and KurrentDB; both pass `testEventLog`.
 */
export interface EventMetadata {
  /** The request that started the chain of causes. */
  readonly correlationId: string
  /** The event or command directly before this one. */
  readonly causationId: string
  /** Who asked: `user:<name>`, `service:<name>`, `venue:<connector>`. */
  readonly actor: string
  /** Epoch milliseconds at which the fact became known. */
  readonly time: number
  /** Network address the request came from; absent where nobody outside asked, and in older events. */
  readonly address?: string
}

/** What an aggregate decides: a fact in the past tense. */
export interface DomainEvent<Type extends string = string, Data extends object = object> {
  readonly type: Type
  readonly data: Data
}

export interface NewEvent<E extends DomainEvent = DomainEvent> {
  /** UUID; a repeat of an id already in the log is refused, so deterministic ids make retries harmless. */
  readonly id: string
  readonly type: E['type']
  readonly schemaVersion: number
  readonly data: E['data']
  readonly metadata: EventMetadata
}

/** A place in the global order of the log. Opaque to callers, comparable with `comparePositions`, text at boundaries. */
export type Position = string

export interface RecordedEvent<E extends DomainEvent = DomainEvent> extends NewEvent<E> {
  readonly streamId: string
  /** 0 for the first event of a stream. */
  readonly version: number
  readonly position: Position
  /** Epoch milliseconds at which the log stored it. */
  readonly recordedAt: number
}

/** `none`: the stream must not exist; `any`: no check; a number: the version of the last event the writer has seen. */
export type ExpectedVersion = number | 'none' | 'any'

export interface AppendResult {
  /** Version of the last event appended. */
  readonly version: number
  /** Position of the last event appended: what a projection must have passed to show this write. */
  readonly position: Position
}

export interface EventFilter {
  readonly categories?: readonly string[]
  readonly types?: readonly string[]
}

export interface ReadAllOptions {
  readonly filter?: EventFilter
  readonly limit?: number
}

/** `position` is where the next read continues, also when nothing matched the filter. */
export interface Page {
  readonly events: readonly RecordedEvent[]
  readonly position: Position
  /** True when the log held no more rows that are safe to read at the time of the query. */
  readonly atEnd: boolean
  /** True when events are stored that an older, still running transaction keeps from being read safely: ask again soon. */
  readonly pending: boolean
}

export type Handler = (page: Page) => Promise<void>

export interface EventLog {
  /**
   * Durable when it resolves. Throws `VersionConflict` or `DuplicateEvent` and then has written nothing; when both
   * apply it is `DuplicateEvent`. `LogUnavailable`: the log could not be reached in bounded time and the outcome is not
   * known; appending the same events again is safe, because their ids decide.
   * With a fence: `FencedOff` when its lease has been taken by somebody else. KurrentDB cannot keep fences and refuses them
   * with a `TypeError`.
   */
  append(
    streamId: string,
    events: readonly NewEvent[],
    expectedVersion: ExpectedVersion,
    fence?: Fence,
  ): Promise<AppendResult>
  /** Events of one stream in order; empty for an unknown stream. */
  read(streamId: string, fromVersion?: number): Promise<readonly RecordedEvent[]>
  /**
   * The page after `from`, in global order, gap-safe: never skips a transaction that commits later. `limit` bounds the
   * rows looked at, so with a filter a page may hold fewer events, or none, before the end: `atEnd` says when to stop.
   */
  readAll(from: Position, options?: ReadAllOptions): Promise<Page>
  /** The events at these positions, wherever they are in the log; a position where no event is gives none. */
  readAt(positions: readonly Position[]): Promise<readonly RecordedEvent[]>
  /** Where the newest stored event is, `START` in an empty log: whoever has read up to here has seen every earlier append. */
  end(): Promise<Position>
  /**
   * Calls the handler with every page after `from`, one at a time, until the signal aborts; then it resolves. A failing
   * handler gets the page again, and a lost connection is made again, both with back-off. The handler also gets a page
   * without events when the position moved past events the filter leaves out, and once when the end is first reached.
   */
  subscribe(from: Position, filter: EventFilter, handler: Handler, signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** Before the first event of every log. */
export const START: Position = '0/0'

const positionParts = (position: Position): readonly [bigint, bigint] => {
  const match = /^(\d+)\/(\d+)$/.exec(position)
  if (match?.[1] === undefined || match[2] === undefined) {
    throw new TypeError(`"${position}" is not a log position; expected two numbers, "<major>/<minor>"`)
  }
  return [BigInt(match[1]), BigInt(match[2])]
}

/** Negative when `a` comes before `b` in the log, 0 when they are the same place, positive when it comes after. */
export const comparePositions = (a: Position, b: Position): number => {
  const [majorA, minorA] = positionParts(a)
  const [majorB, minorB] = positionParts(b)
  if (majorA !== majorB) return majorA < majorB ? -1 : 1
  return minorA === minorB ? 0 : minorA < minorB ? -1 : 1
}

/** `order` for `order-42`: the text before the first dash. */
export const categoryOf = (streamId: string): string => {
  const dash = streamId.indexOf('-')
  return dash < 0 ? streamId : streamId.slice(0, dash)
}

export class VersionConflict extends Error {
  override readonly name = 'VersionConflict'
  constructor(
    readonly streamId: string,
    readonly expected: ExpectedVersion,
    /** Version of the last stored event, or `none`. */
    readonly actual: number | 'none',
  ) {
    super(`stream ${streamId} is at version ${actual}, the writer expected ${expected}`)
  }
}

export class DuplicateEvent extends Error {
  override readonly name = 'DuplicateEvent'
  constructor(readonly eventId: string) {
    super(`event ${eventId} is already in the log`)
  }
}

/** The log's server could not be reached, or did not answer in time. Whether an append took effect is not known. */
export class LogUnavailable extends Error {
  override readonly name = 'LogUnavailable'
  constructor(action: string, cause: unknown) {
    super(`the event log did not answer: ${action}`, { cause })
  }
}
