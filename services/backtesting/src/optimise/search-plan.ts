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

export interface PlannedWindow {
  readonly index: number
  readonly train: Span
  /** Null: nothing follows. */
  readonly test: Span | null
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

/** Throws `SearchRefused`; its paths are those of the request. */
export const planOf = (spec: OptimisationSpec): SearchPlan => {
  const { backtest, method, direction, walkForward, pruning } = spec
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
  const whole = { from: backtest.startTime, to: backtest.endTime }
  const seconds = secondsOf(backtest.resolution)
  if (seconds === undefined) flaws.add(['backtesting_resolution'], `'${backtest.resolution}' is no interval`)
  const spans =
    walkForward === null
      ? [{ train: whole, test: null }]
      : flaws.tried(['walk_forward'], () => windowsOf(whole, seconds ?? 60, walkForward))
  if (method === 'bayesian' && spec.trials > MOST_BAYESIAN)
    flaws.add(['trials'], `${MOST_BAYESIAN} are the most that a Bayesian search makes`)

  const round = method === 'bayesian' || pruning !== null ? spec.round : FREE_ROUND
  const windows =
    space &&
    spans?.flatMap(({ train, test }, index) => {
      const seed = generatorOf(spec.seed, index).below(2 ** 32)
      const plan = { space, method, trials: Math.min(spec.trials, MOST_TRIALS), seed, round }
      const search = flaws.tried(['parameters'], () => searchOf(plan, MOST_TRIALS))
      return search === undefined ? [] : [{ index, train, test, search }]
    })
  const trials = windows?.reduce((sum, { search }) => sum + search.trials, 0) ?? 0
  if (trials > MOST_TRIALS)
    flaws.add(['walk_forward', 'windows'], `makes ${trials} trials over all windows; ${MOST_TRIALS} are the most`)
  if (space === undefined || windows === undefined || typeof objective === 'string' || !flaws.isEmpty())
    return flaws.refuse()
  return { goal: { objective, direction, constraints }, space, windows, pruning, trials }
}
