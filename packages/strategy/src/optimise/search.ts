import type { Parameters } from './field-path.ts'
import { generatorOf } from './generator.ts'
import { checkGrid, gridTrial } from './grid.ts'
import { randomPoint } from './random.ts'
import { combinations, parametersAt, type Space } from './space.ts'
import { treeParzen } from './tpe.ts'

export type Method = 'grid' | 'random' | 'bayesian'

export interface SearchPlan {
  readonly space: Space
  readonly method: Method
  /** Asked for by random and Bayesian searches; a grid has as many as it has. */
  readonly trials: number
  readonly seed: number
  /** Trials that are decided together, knowing what came out of the rounds before: never of how many run at once. */
  readonly round: number
}

/**
 * Which parameters are tried. Everything follows from the plan and the results of earlier rounds, so a search that was
 * broken off goes on with the same trials.
 */
export interface Search {
  /** So many at the most. */
  readonly trials: number
  readonly round: number
  /** Of the round that begins with the trial `first`. `ranked`: what the rounds before it have tried, the best first. */
  propose(first: number, ranked: readonly Parameters[]): readonly Parameters[]
}

/** Trials of a Bayesian search that look around before anything is concluded from them. */
const FIRST_LOOK = 10
const TRIES = 32

const keyOf = (parameters: Parameters): string => JSON.stringify(Object.values(parameters))

/** `count` different combinations of a space of steps, drawn evenly. */
const shuffled = (space: Space, count: number, seed: number): Parameters[] => {
  const generator = generatorOf(seed)
  const numbers = Array.from({ length: combinations(space) }, (_, index) => index)
  for (let index = 0; index < count; index += 1) {
    const other = index + generator.below(numbers.length - index)
    ;[numbers[index], numbers[other]] = [numbers[other] ?? 0, numbers[index] ?? 0]
  }
  return numbers.slice(0, count).map((number) => gridTrial(space, number))
}

/** Draws after which what is left counts as nothing: a range of next to no width has next to no values. */
const MOST_DRAWS = 20

/** Different parameters drawn evenly. Drawing again is quick while less than half of the space is taken. */
const randomTrials = ({ space, seed }: SearchPlan, count: number): Parameters[] => {
  if (count > combinations(space) / 2) return shuffled(space, count, seed)
  const taken = new Map<string, Parameters>()
  for (let number = 0; taken.size < count && number < count * MOST_DRAWS; number += 1) {
    const parameters = parametersAt(space, randomPoint(space, generatorOf(seed, number)))
    const key = keyOf(parameters)
    if (!taken.has(key)) taken.set(key, parameters)
  }
  return [...taken.values()]
}

const bayesianRound = (
  { space, seed }: SearchPlan,
  { first, end }: { readonly first: number; readonly end: number },
  ranked: readonly Parameters[],
  looking: readonly Parameters[],
): Parameters[] => {
  const taken = new Set([...ranked, ...looking].map(keyOf))
  const mates: Parameters[] = []
  for (let number = first; number < end; number += 1) {
    const generator = generatorOf(seed, number, 1)
    const draw = treeParzen(space, ranked, [...looking, ...mates])
    let next = draw(generator)
    for (let tries = 0; tries < TRIES && taken.has(keyOf(next)); tries += 1) next = draw(generator)
    for (let tries = 0; tries < TRIES && taken.has(keyOf(next)); tries += 1)
      next = parametersAt(space, randomPoint(space, generator))
    // Hardly anything is left of the space: the first combination that is.
    const all = Number.isFinite(combinations(space)) ? combinations(space) : 0
    for (let left = 0; taken.has(keyOf(next)) && left < all; left += 1) next = gridTrial(space, left)
    if (taken.has(keyOf(next))) break
    taken.add(keyOf(next))
    mates.push(next)
  }
  return mates
}

/** Throws `SearchRefused` for a grid that cannot be, or has more than `most` trials. */
export const searchOf = (plan: SearchPlan, most: number): Search => {
  const { space, method, round } = plan
  if (method === 'grid') {
    checkGrid(space, most)
    const trials = combinations(space)
    return {
      trials,
      round,
      propose: (first) =>
        Array.from({ length: Math.min(round, trials - first) }, (_, index) => gridTrial(space, first + index)),
    }
  }
  const trials = Math.min(plan.trials, combinations(space))
  if (method === 'random') {
    const all = randomTrials(plan, trials)
    return { trials: all.length, round, propose: (first) => all.slice(first, first + round) }
  }
  const looks = Math.min(trials, Math.max(FIRST_LOOK, round))
  const all = randomTrials(plan, looks)
  // Not even a first look: there is hardly anything to find.
  if (all.length < looks) return { trials: all.length, round, propose: (first) => all.slice(first, first + round) }
  return {
    trials,
    round,
    propose(first, ranked) {
      const end = Math.min(first + round, trials)
      const looking = all.slice(first, end)
      return [...looking, ...bayesianRound(plan, { first: first + looking.length, end }, ranked, looking)]
    },
  }
}
