import {
  type OptimisationEvent,
  type OptimisationSpec,
  optimisationEvents,
  type TrialEvent,
  trialEvents,
} from '@colibri/contracts'
import type { Decider, DomainEvent } from '@colibri/event-log'
import type { Figures, Parameters } from '@colibri/strategy'
import type { FinishedTrial, Known } from './run-search.ts'

export interface SubmittedOptimisation {
  readonly kind: 'submitted'
  readonly spec: OptimisationSpec
  readonly status: 'pending' | 'running' | 'completed' | 'failed' | 'cancelled'
  readonly isDeleted: boolean
}

/** A search as its events tell it. */
export type Optimisation = { readonly kind: 'none' } | SubmittedOptimisation

export type OptimisationCommand =
  | {
      readonly kind: 'submit'
      readonly optimisationId: string
      readonly spec: OptimisationSpec
      readonly trials: number
    }
  | { readonly kind: 'start'; readonly instanceId: string }
  | { readonly kind: 'complete' }
  | { readonly kind: 'fail'; readonly error: string }
  /** Ends it if it is not over, and forgets it if it is. */
  | { readonly kind: 'cancel-or-delete' }

export const isOver = ({ status }: SubmittedOptimisation): boolean => status !== 'pending' && status !== 'running'

type TrialData = Extract<TrialEvent, { type: 'TrialFinished' }>['data']

/** The log holds what was checked when it was written. */
const trialOf = ({ window, number, parameters, outcome, figures, curve }: TrialData): FinishedTrial => ({
  window,
  number,
  parameters: parameters as Parameters,
  outcome,
  figures: figures as Figures | null,
  curve,
})

/** A recorded event of a search's stream, typed by its type. */
export const optimisationEventOf = (recorded: DomainEvent): OptimisationEvent => {
  if (!(recorded.type in optimisationEvents)) throw new TypeError(`${recorded.type} is not an event of an optimisation`)
  return { type: recorded.type, data: recorded.data } as OptimisationEvent
}

const decide = (command: OptimisationCommand, state: Optimisation): readonly OptimisationEvent[] => {
  if (command.kind === 'submit') {
    const { optimisationId, spec, trials } = command
    return state.kind === 'none' ? [{ type: 'OptimisationSubmitted', data: { optimisationId, spec, trials } }] : []
  }
  if (state.kind === 'none' || state.isDeleted) return []
  if (command.kind === 'cancel-or-delete')
    return [{ type: isOver(state) ? 'OptimisationDeleted' : 'OptimisationCancelled', data: {} }]
  if (isOver(state)) return []
  switch (command.kind) {
    case 'start':
      return state.status === 'pending'
        ? [{ type: 'OptimisationStarted', data: { instanceId: command.instanceId } }]
        : []
    case 'complete':
      return [{ type: 'OptimisationCompleted', data: {} }]
    case 'fail':
      return [{ type: 'OptimisationFailed', data: { error: command.error } }]
  }
}

const evolve = (state: Optimisation, event: OptimisationEvent): Optimisation => {
  if (event.type === 'OptimisationSubmitted')
    return {
      kind: 'submitted',
      spec: event.data.spec,
      status: 'pending',
      isDeleted: false,
    }
  if (state.kind === 'none') return state
  switch (event.type) {
    case 'OptimisationStarted':
      return { ...state, status: 'running' }
    case 'OptimisationCompleted':
      return { ...state, status: 'completed' }
    case 'OptimisationFailed':
      return { ...state, status: 'failed' }
    case 'OptimisationCancelled':
      return { ...state, status: 'cancelled' }
    case 'OptimisationDeleted':
      return { ...state, isDeleted: true }
  }
}

/** A search is over once: what comes after that, save forgetting it, decides nothing. */
export const optimisationDecider: Decider<OptimisationCommand, Optimisation, OptimisationEvent> = {
  initialState: { kind: 'none' },
  decide,
  evolve,
}

export const optimisationFrom = (events: readonly DomainEvent[]): Optimisation =>
  events.map(optimisationEventOf).reduce(evolve, optimisationDecider.initialState)

/** A recorded event of the stream of its trials. */
export const trialEventOf = (recorded: DomainEvent): TrialEvent => {
  if (!(recorded.type in trialEvents)) throw new TypeError(`${recorded.type} is not an event of a trial`)
  return { type: recorded.type, data: recorded.data } as TrialEvent
}

/** What need not be run again. */
export const knownFrom = (events: readonly DomainEvent[]): Known => {
  const typed = events.map(trialEventOf)
  return {
    trials: typed.flatMap((event) => (event.type === 'TrialFinished' ? [trialOf(event.data)] : [])),
    tested: new Set(typed.flatMap((event) => (event.type === 'WindowTested' ? [event.data.window] : []))),
  }
}
