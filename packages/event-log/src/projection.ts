import type { PoolClient } from 'pg'
import type { EventFilter, Position, RecordedEvent } from './event-log.ts'

/**
 * Events to rows. `apply` gets a batch in log order and writes through the given client only; the rows and the checkpoint
 * commit together. `schema` is the name of the Postgres schema the tables live in: a rebuild runs the same projection
 * into a fresh schema and swaps it in, so table names in SQL are never qualified (search_path is set by the runner).
 * Rows depend on the events alone (no clock, no random), which is what makes a rebuild identical.
 */
export interface Projection {
  readonly name: string
  readonly filter: EventFilter
  /** DDL, idempotent (`create table if not exists …`), run in the projection's schema. */
  readonly tables: string
  apply(events: readonly RecordedEvent[], client: PoolClient): Promise<void>
}

export interface RunningProjection {
  readonly name: string
  /**
   * Resolves when the rows show every event up to `position`; rejects with `ProjectionTimeout` after `timeoutMs`, and
   * at once with `ProjectionHalted` when the projection has halted.
   */
  waitFor(position: Position, timeoutMs: number): Promise<void>
  /** `waitFor` the newest event there is now: after it the rows show every append that was acknowledged before. */
  catchUp(timeoutMs: number): Promise<void>
  /** Everything up to here is in the rows. */
  position(): Position
  /** True when the end of the log was reached and nothing failed since. */
  caughtUp(): boolean
  /** Epoch milliseconds since when the log is known, or feared, to hold what the rows do not show; undefined when it does not. */
  behindSince(): number | undefined
  /** What the projection stumbles over: a `ProjectionHalted`, or the error it is recovering from. */
  error(): Error | undefined
  stop(): Promise<void>
}

export class ProjectionTimeout extends Error {
  override readonly name = 'ProjectionTimeout'
  constructor(
    readonly projection: string,
    readonly wanted: Position,
    readonly reached: Position,
  ) {
    super(`projection ${projection} is at ${reached} and did not reach ${wanted} in time`)
  }
}

/** An event cannot be applied. The projection stands still before it until it is fixed and started again. */
export class ProjectionHalted extends Error {
  override readonly name = 'ProjectionHalted'
  constructor(
    readonly projection: string,
    readonly event: RecordedEvent,
    cause: unknown,
  ) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    super(
      `projection ${projection} halted before ${event.type} ${event.id} at ${event.position} (${event.streamId} ` +
        `version ${event.version}): ${reason}`,
      { cause },
    )
  }
}

export class ProjectionStopped extends Error {
  override readonly name = 'ProjectionStopped'
  constructor(readonly projection: string) {
    super(`projection ${projection} was stopped`)
  }
}
