import type { OptimisationSpec } from '@colibri/contracts'
import {
  type Constraint,
  type Flaw,
  type Goal,
  generatorOf,
  type PruningRule,
  parseConstraint,
  parseExpression,
  parseSpace,
  type Search,
  SearchRefused,
  type Space,
  type Span,
  searchOf,
  windowsOf,
} from '@colibri/strategy'
import { secondsOf } from '../candles/interval.ts'

/** Trials of one search over all its windows. */
const MOST_TRIALS = 10_000
/** A Bayesian search looks at all earlier trials for each new one. */
const MOST_BAYESIAN = 1_000
/** Where no trial depends on another one, waiting for a whole round would only cost time. */
const FREE_ROUND = 256

export interface Spans {
  readonly train: Span
  /** Null: nothing follows. */
  readonly test: Span | null
}

export interface PlannedWindow extends Spans {
  readonly index: number
  readonly search: Search
}

/** A search ready to be run: everything that follows from its specification alone. */
export interface SearchPlan {
  readonly goal: Goal
  readonly space: Space
  readonly windows: readonly PlannedWindow[]
  readonly pruning: PruningRule | null
  /** Over all windows. */
  readonly trials: number
}

/** Collects what is wrong in each part, so that a request is told all of it at once. */
const collecting = () => {
  const flaws: Flaw[] = []
  return {
    add: (path: Flaw['path'], says: string): void => void flaws.push({ path, says }),
    /** What `work` gives, or undefined with its flaws kept under `path`. */
    tried: <T>(path: readonly string[], work: () => T): T | undefined => {
      try {
        return work()
      } catch (error) {
        if (!(error instanceof SearchRefused)) throw error
        flaws.push(...error.flaws.map((flaw) => ({ ...flaw, path: [...path, ...flaw.path] })))
        return undefined
      }
    },
    refuse: (): never => {
      throw new SearchRefused(flaws)
    },
    isEmpty: (): boolean => flaws.length === 0,
  }
}

/** The times of a search's windows; one of them, without a test, unless it walks forward. Throws `SearchRefused`. */
export const spansOf = ({ backtest, walkForward }: OptimisationSpec): readonly Spans[] => {
  const whole = { from: backtest.startTime, to: backtest.endTime }
  const seconds = secondsOf(backtest.resolution) ?? 60
  return walkForward === null ? [{ train: whole, test: null }] : windowsOf(whole, seconds, walkForward)
}

/** Throws `SearchRefused`; its paths are those of the request. */
export const planOf = (spec: OptimisationSpec): SearchPlan => {
  const { method, direction, pruning } = spec
  const flaws = collecting()
  const space = flaws.tried(['parameters'], () => parseSpace(spec.parameters))
  const objective = parseExpression(spec.objective)
  if (typeof objective === 'string') flaws.add(['objective'], objective)
  const constraints = spec.constraints.flatMap((text, index): Constraint[] => {
    const parsed = parseConstraint(text)
    if (typeof parsed !== 'string') return [parsed]
    flaws.add(['constraints', index], parsed)
    return []
  })
  const spans = flaws.tried(['walk_forward'], () => spansOf(spec))
  if (method === 'bayesian' && spec.trials > MOST_BAYESIAN)
    flaws.add(['trials'], `${MOST_BAYESIAN} are the most that a Bayesian search makes`)

  const round = method === 'bayesian' || pruning !== null ? spec.round : FREE_ROUND
  const searchIn = (index: number): Search | undefined => {
    if (space === undefined) return undefined
    const seed = generatorOf(spec.seed, index).below(2 ** 32)
    return flaws.tried(['parameters'], () => searchOf({ space, method, trials: spec.trials, seed, round }, MOST_TRIALS))
  }
  const first = searchIn(0)
  const trials = (first?.trials ?? 0) * (spans?.length ?? 0)
  if (trials > MOST_TRIALS)
    flaws.add(['walk_forward', 'windows'], `makes ${trials} trials over all windows; ${MOST_TRIALS} are the most`)
  if (space === undefined || first === undefined || spans === undefined || typeof objective === 'string')
    return flaws.refuse()
  if (!flaws.isEmpty()) return flaws.refuse()
  const windows = spans.map((each, index) => ({
    index,
    ...each,
    search: (index === 0 ? first : searchIn(index)) ?? first,
  }))
  return { goal: { objective, direction, constraints }, space, windows, pruning, trials }
}
