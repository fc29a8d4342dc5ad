import { setImmediate as otherWork } from 'node:timers/promises'
import type { BacktestSpec, ValidationItem } from '@colibri/contracts'
import { unprocessable } from '@colibri/service-kit'
import { type Dimension, fieldPath, findController, hasField, type Json, type Parameters } from '@colibri/strategy'
import type { CheckedRun, PrepareRun } from '../runs/prepare-run.ts'
import type { ConfigProblem, ControllerSource } from '../workers/job.ts'
import { isControllerType } from '../workers/load-controller.ts'
import type { SearchPlan } from './search-plan.ts'
import { trialConfig } from './trial-config.ts'

/** A user's own controller is asked in a worker: so many trials of it, and the others when they are run. */
const OWN_CHECKED = 100
/** Between so many of them others are answered. */
const AT_A_TIME = 200

const ends = (dimension: Dimension): readonly Json[] =>
  dimension.kind === 'range' ? [dimension.min, dimension.max] : dimension.values

/** What is known of a search before it begins: all of it, but of a Bayesian one the first round, and each value by itself. */
const foreseen = ({ space, windows }: SearchPlan, method: string): readonly Parameters[] => {
  const rounds = windows.flatMap(({ search }) =>
    Array.from({ length: method === 'bayesian' ? 1 : Math.ceil(search.trials / search.round) }, (_, round) =>
      search.propose(round * search.round, []),
    ),
  )
  // Beside the values of a whole trial: a part of an object may need the others.
  const single = space.flatMap((dimension) =>
    ends(dimension).map((value) => ({ ...rounds[0]?.[0], [dimension.field]: value })),
  )
  const all = method === 'bayesian' ? [...single, ...rounds.flat()] : rounds.flat()
  return [...new Map(all.map((parameters) => [JSON.stringify(parameters), parameters])).values()]
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

/** Has the controller look at every trial that can be foreseen. Throws `ApiError` 422 for the first that it would refuse. */
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
  const all = foreseen(plan, method)
  const checked = controller.kind === 'own' ? all.slice(0, OWN_CHECKED) : all
  const seriesOf = ({ market, feeds }: CheckedRun['needs']): string => JSON.stringify([market, feeds])
  const fitting = new Set([seriesOf(own)])
  for (const [index, parameters] of checked.entries()) {
    if (index % AT_A_TIME === AT_A_TIME - 1) await otherWork()
    const placed = trialConfig(spec.config, parameters)
    if ('wrong' in placed) throw unprocessable([item(placed.field, placed.wrong, parameters[placed.field])])
    const needs = await runs.describe(controller, placed.config)
    if (needs.kind === 'refused') throw unprocessable(needs.problems.map((problem) => itemOf(parameters, problem)))
    if (needs.kind === 'described' && !fitting.has(seriesOf(needs))) {
      // Other candles, of which there may be too many or, among those that came with it, too few.
      await runs.checkWith(run, placed.config)
      fitting.add(seriesOf(needs))
    }
    if (index > 0 && method !== 'bayesian') continue
    const unknown = misspelt(controller, placed.config, parameters)
    if (unknown.length > 0)
      throw unprocessable(
        unknown.map((field) => item(field, `controller ${controller.name} has no such field`, parameters[field])),
      )
  }
}
