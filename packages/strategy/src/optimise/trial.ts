import { breachOf, type Constraint } from './constraints.ts'
import type { Parameters } from './field-path.ts'
import type { Figures } from './metrics.ts'
import { type Direction, type Expression, evaluate } from './objective.ts'

/** What became of a trial. */
export type Outcome =
  | {
      readonly state: 'completed'
      readonly value: number
      /** The constraints that it breaks, and how far it is from them. */
      readonly broken: readonly string[]
      readonly distance: number
    }
  /** Ended early: at that part of the candles it was worse than the trials before it. */
  | { readonly state: 'pruned'; readonly progress: number; readonly pnlQuote: number }
  | { readonly state: 'failed'; readonly error: string }

export interface Trial {
  readonly number: number
  readonly parameters: Parameters
  readonly outcome: Outcome
}

/** What a search is after. */
export interface Goal {
  readonly objective: Expression
  readonly direction: Direction
  readonly constraints: readonly Constraint[]
}

export const judge = ({ objective, constraints }: Goal, figures: Figures): Outcome => {
  const value = evaluate(objective, figures)
  const breach = breachOf(constraints, figures)
  if (!Number.isFinite(value)) return { state: 'failed', error: `${objective.text} is ${value}` }
  return Number.isFinite(breach.distance)
    ? { state: 'completed', value, ...breach }
    : { state: 'failed', error: `${breach.broken.join(' and ')} is missed by ${breach.distance}` }
}

const classOf = (outcome: Outcome): number => {
  switch (outcome.state) {
    case 'completed':
      return outcome.broken.length === 0 ? 0 : 1
    case 'pruned':
      return 2
    case 'failed':
      return 3
  }
}

const compareOutcomes = (direction: Direction, a: Outcome, b: Outcome): number => {
  if (a.state === 'completed' && b.state === 'completed') {
    const better = direction === 'maximize' ? b.value - a.value : a.value - b.value
    return a.distance - b.distance || better
  }
  if (a.state === 'pruned' && b.state === 'pruned') return b.progress - a.progress || b.pnlQuote - a.pnlQuote
  return 0
}

/**
 * The best first: those that keep the constraints by their value, then those that break them, the nearest first, then the
 * ended and at last the failed ones. Of equals the earlier.
 */
export const rank = <T extends Trial>(trials: readonly T[], direction: Direction): readonly T[] =>
  trials.toSorted(
    (a, b) =>
      classOf(a.outcome) - classOf(b.outcome) ||
      compareOutcomes(direction, a.outcome, b.outcome) ||
      a.number - b.number,
  )

/** Whether a trial may be recommended: it ran to its end and keeps every constraint. */
export const isEligible = ({ outcome }: Trial): boolean => classOf(outcome) === 0
