import type { AppendResult, DomainEvent, EventLog, EventMetadata } from './event-log.ts'

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

/** Runs commands against streams: read, decide, append at the version read; a conflict is decided again on the fresh state a few times. */
export type HandleCommand = <Command, State, E extends DomainEvent>(
  log: EventLog,
  decider: Decider<Command, State, E>,
  streamId: string,
  command: Command,
  context: CommandContext,
) => Promise<Handled<State, E>>

/** Schema versions and id derivation for the events a command produces. */
export interface CommandContext {
  readonly metadata: EventMetadata
  /** Given: event ids are uuid v5 of (key, index), so the same command twice appends once. Absent: random ids. */
  readonly idempotencyKey?: string
}
