import type { PoolClient } from 'pg'
import type { EventFilter, Position, RecordedEvent } from './event-log.ts'

/**
 * Events to rows. `apply` gets a batch in log order and writes through the given client only; the rows and the checkpoint
 * commit together. `schema` is the name of the Postgres schema the tables live in: a rebuild runs the same projection
 * into a fresh schema and swaps it in, so table names in SQL are never qualified (search_path is set by the runner).
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
  /** Resolves when the projection has committed at least `position`; rejects after `timeoutMs`. */
  waitFor(position: Position, timeoutMs: number): Promise<void>
  /** Committed checkpoint. */
  position(): Position
  caughtUp(): boolean
  stop(): Promise<void>
}
