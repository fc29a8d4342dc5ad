import { setImmediate as otherWork } from 'node:timers/promises'
import type { BacktestSpec, ValidationItem } from '@colibri/contracts'
import { unprocessable } from '@colibri/service-kit'
import { type Dimension, fieldPath, findController, hasField, type Json, type Parameters } from '@colibri/strategy'
import type { CheckedRun, PrepareRun } from '../runs/prepare-run.ts'
import type { ConfigProblem, ControllerSource } from '../workers/job.ts'
import { isControllerType } from '../workers/load-controller.ts'
import type { SearchPlan } from './search-plan.ts'
import { trialConfig } from './trial-config.ts'

/** Trials that are looked at. A user's own controller is asked in a worker, which takes longer. */
const CHECKED = { own: 100, standard: 10_000 } as const
/** Between so many of them others are answered. */
const AT_A_TIME = 200

const valuesOf = (dimension: Dimension): readonly Json[] =>
  dimension.kind === 'range' ? [dimension.min, dimension.max] : dimension.values

/** So many of them at the most, evenly spread, both ends among them. */
const spread = (values: readonly Json[], most: number): readonly Json[] => {
  if (values.length <= most) return values
  const step = (values.length - 1) / (most - 1)
  return Array.from({ length: most }, (_, index) => values[Math.round(index * step)] ?? null)
}

/** How many values each field may have, so that there are `most` together: what small fields leave is for the others. */
const shareOf = (sizes: readonly number[], most: number): number => {
  let left = most
  for (const [index, size] of sizes.toSorted((a, b) => a - b).entries()) {
    const share = Math.floor(left / (sizes.length - index))
    if (size > share) return share
    left -= size
  }
  return most
}

/** What is known of a search before it begins: all of it, but of a Bayesian one values by themselves, and the first round. */
function* foreseen({ space, windows }: SearchPlan, method: string, most: number): Generator<Parameters> {
  if (method !== 'bayesian') {
    for (const { search } of windows)
      for (let first = 0; first < search.trials; first += search.round) yield* search.propose(first, [])
    return
  }
  const rounds = windows.flatMap(({ search }) => search.propose(0, []))
  const values = space.map(valuesOf)
  const share = shareOf(
    values.map(({ length }) => length),
    most,
  )
  // Beside the values of a whole trial: a part of an object may need the others.
  for (const [index, { field }] of space.entries())
    for (const value of spread(values[index] ?? [], share)) yield { ...rounds[0], [field]: value }
  yield* rounds
}

const item = (field: string, why: string, input: unknown): ValidationItem => ({
  type: 'value_error',
  loc: ['body', 'parameters', field],
  msg: `Value error, ${why}`,
  input: input ?? null,
})

/** Under the field that was searched, where it is one's; else under the configuration. */
const itemOf = (parameters: Parameters, { path, type, msg, input, ctx }: ConfigProblem): ValidationItem => {
  const searched = Object.keys(parameters).find((field) => fieldPath(field)?.[0] === String(path[0]))
  const loc = searched === undefined ? ['body', 'config', ...path] : ['body', 'parameters', searched]
  return { type, loc, msg, input, ...(ctx === undefined ? {} : { ctx }) }
}

const misspelt = (controller: ControllerSource, config: BacktestSpec['config'], parameters: Parameters) => {
  const { kind, type, name } = controller
  const standard = kind === 'standard' && isControllerType(type) ? findController(type, name) : undefined
  const parsed = standard?.schema.safeParse(config)
  return parsed?.success ? Object.keys(parameters).filter((field) => !hasField(parsed.data, field)) : []
}

/** What a search is of. */
const FIXED: ReadonlySet<string> = new Set(['controller_type', 'controller_name'])

/**
 * Has the controller look at the trials that can be foreseen: of a Bayesian search at 10,000 values at the most, of one of a
 * user's own controller at 100 trials. Throws `ApiError` 422 for the first that it would refuse.
 */
export const checkTrials = async (
  runs: Pick<PrepareRun, 'describe' | 'checkWith'>,
  run: CheckedRun,
  plan: SearchPlan,
  method: string,
): Promise<void> => {
  const { controller, spec, needs: own } = run
  const fixed = plan.space.filter(({ field }) => FIXED.has(field))
  if (fixed.length > 0)
    throw unprocessable(
      fixed.map(({ field }) => item(field, 'cannot be searched: a search is of one controller', spec.config[field])),
    )
  const seriesOf = ({ market, feeds }: CheckedRun['needs']): string => JSON.stringify([market, feeds])
  const fitting = new Set([seriesOf(own)])
  const seen = new Set<string>()
  for (const parameters of foreseen(plan, method, CHECKED[controller.kind])) {
    const key = JSON.stringify(parameters)
    if (seen.has(key)) continue
    if (controller.kind === 'own' && seen.size === CHECKED.own) return
    seen.add(key)
    if (seen.size % AT_A_TIME === 0) await otherWork()
    const placed = trialConfig(spec.config, parameters)
    if ('wrong' in placed) throw unprocessable([item(placed.field, placed.wrong, parameters[placed.field])])
    const needs = await runs.describe(controller, placed.config)
    if (needs.kind === 'refused') throw unprocessable(needs.problems.map((problem) => itemOf(parameters, problem)))
    if (needs.kind === 'described' && !fitting.has(seriesOf(needs))) {
      // Other candles, of which there may be too many or, among those that came with it, too few.
      await runs.checkWith(run, placed.config)
      fitting.add(seriesOf(needs))
    }
    // Every trial has the same fields.
    if (seen.size > 1) continue
    const unknown = misspelt(controller, placed.config, parameters)
    if (unknown.length > 0)
      throw unprocessable(
        unknown.map((field) => item(field, `controller ${controller.name} has no such field`, parameters[field])),
      )
  }
}
