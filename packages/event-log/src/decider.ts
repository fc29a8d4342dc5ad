import type { AppendResult, DomainEvent, EventMetadata } from './event-log.ts'

/** An aggregate as three pure functions. `decide` returns no events when there is nothing new to say, and throws a typed error to refuse. */
export interface Decider<Command, State, E extends DomainEvent> {
  readonly initialState: State
  decide(command: Command, state: State): readonly E[]
  evolve(state: State, event: E): State
}

export interface Handled<State, E extends DomainEvent> {
  readonly state: State
  readonly events: readonly E[]
  /** Absent when the command decided nothing. */
  readonly appended?: AppendResult
}

/** The schema version new events of a type are written with; 1 for types that are not named. */
export type SchemaVersions = Readonly<Record<string, number>>

/** Schema versions and id derivation for the events a command produces. */
export interface CommandContext {
  readonly metadata: EventMetadata
  /**
   * Given: event ids are uuid v5 of (stream, key, index), and a command whose events are already in the stream decides
   * nothing again but returns them. Absent: random ids.
   */
  readonly idempotencyKey?: string
  readonly schemaVersions?: SchemaVersions
}
