import {
  type Curve,
  type Figures,
  type Floors,
  floorsOf,
  isEligible,
  type Outcome,
  type Parameters,
  rank,
  type Span,
} from '@colibri/strategy'
import type { PlannedWindow, SearchPlan } from './search-plan.ts'

/** What running one set of parameters gave. */
export interface Tried {
  readonly outcome: Outcome
  /** Null unless it ran to its end. */
  readonly figures: Figures | null
  readonly curve: Curve
}

export interface FinishedTrial extends Tried {
  readonly window: number
  readonly number: number
  readonly parameters: Parameters
}

/** What earlier runs of the same search have stored. */
export interface Known {
  readonly trials: readonly FinishedTrial[]
  /** The windows that are judged already. */
  readonly tested: ReadonlySet<number>
}

export interface SearchWork {
  /** Runs one backtest; rejects when the search is to end. */
  attempt(parameters: Parameters, span: Span, floors: Floors): Promise<Tried>
  /** Stored when it resolves. */
  finished(trial: FinishedTrial): Promise<void>
  tested(trial: FinishedTrial): Promise<void>
}

/**
 * Runs what is not known yet of a search. Which trials there are, and what each is compared with, follows from the rounds
 * before it and never from how many run at once or which comes first: the outcome is the same on any number of workers, and
 * after any number of breaks.
 */
export const runSearch = async (plan: SearchPlan, known: Known, work: SearchWork): Promise<void> => {
  const failures: unknown[] = []
  /** Does all of them, or as many as are begun before one fails: nobody is left running behind the caller's back. */
  const each = async <T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> => {
    await Promise.all(
      items.map(async (item) => {
        try {
          if (failures.length === 0) await act(item)
        } catch (error) {
          failures.push(error)
        }
      }),
    )
    if (failures.length > 0) throw failures[0]
  }

  const runWindow = async ({ index: window, train, test, search }: PlannedWindow): Promise<void> => {
    const trials = new Map(
      known.trials.filter((trial) => trial.window === window).map((trial) => [trial.number, trial]),
    )
    for (let first = 0; first < search.trials; first += search.round) {
      const before = [...trials.values()].filter(({ number }) => number < first)
      const floors =
        plan.pruning === null
          ? []
          : floorsOf(
              before.map(({ curve }) => curve),
              plan.pruning,
            )
      const ranked = rank(before, plan.goal.direction).map(({ parameters }) => parameters)
      const round = search.propose(first, ranked).map((parameters, index) => ({ number: first + index, parameters }))
      await each(
        round.filter(({ number }) => !trials.has(number)),
        async ({ number, parameters }) => {
          const trial = { window, number, parameters, ...(await work.attempt(parameters, train, floors)) }
          await work.finished(trial)
          trials.set(number, trial)
        },
      )
    }
    const [best] = rank([...trials.values()], plan.goal.direction)
    if (test === null || known.tested.has(window) || best === undefined || !isEligible(best)) return
    const { number, parameters } = best
    await work.tested({ window, number, parameters, ...(await work.attempt(parameters, test, [])) })
  }
  await each(plan.windows, runWindow)
}
