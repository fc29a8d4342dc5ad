import { ApiError } from '@colibri/service-kit'
import { type Figures, type Floors, judge, METRICS, type Parameters, type Results, type Span } from '@colibri/strategy'
import type { CheckedRun, PrepareRun } from '../runs/prepare-run.ts'
import type { BacktestJob, ConfigProblem } from '../workers/job.ts'
import { openLine } from '../workers/line.ts'
import type { WorkerPool } from '../workers/pool.ts'
import type { SearchWork, Tried } from './run-search.ts'
import type { SearchPlan } from './search-plan.ts'
import { trialConfig } from './trial-config.ts'

/** The search was ended from outside; what it found is stored, and it may go on later. */
export class SearchEnded extends Error {
  override readonly name = 'SearchEnded'
}

export interface TrialDeps {
  readonly runs: Pick<PrepareRun, 'describe' | 'load'>
  readonly workers: WorkerPool
}

const failed = (error: string): Tried => ({ outcome: { state: 'failed', error }, figures: null, curve: [] })

const words = (problems: readonly ConfigProblem[]): string =>
  problems.map(({ path, msg }) => `${path.join('.')}: ${msg}`).join('; ')

export const figuresOf = (results: Results): Figures =>
  Object.fromEntries(METRICS.map((metric) => [metric, results[metric]])) as Figures

/**
 * Runs single trials, as many at once as there are workers and no more, so that the trials of other searches find a worker
 * between two of them. Candles are loaded once for the whole search: a trial on the same ones as the configuration itself, whose `job`
 * is at hand, is only sent its parameters.
 */
export const trialRunner = (
  { runs, workers }: TrialDeps,
  base: CheckedRun,
  job: BacktestJob,
  { goal }: SearchPlan,
  signal: AbortSignal,
): SearchWork['attempt'] => {
  const line = openLine(workers.size)
  type Needs = CheckedRun['needs']
  const keyOf = ({ market, feeds }: Needs): string => JSON.stringify([market, feeds])
  const jobs = new Map([[keyOf(base.needs), Promise.resolve(job)]])

  const jobFor = (needs: Needs): Promise<BacktestJob> => {
    const key = keyOf(needs)
    const known = jobs.get(key) ?? runs.load({ ...base, needs }, 'none')
    jobs.set(key, known)
    return known
  }

  const run = async (parameters: Parameters, window: Span, floors: Floors): Promise<Tried> => {
    const placed = trialConfig(base.spec.config, parameters)
    if ('wrong' in placed) return failed(`${placed.field} ${placed.wrong}`)
    const needs = await runs.describe(base.controller, placed.config)
    if (needs.kind === 'refused') return failed(words(needs.problems))
    if (needs.kind === 'failed') return failed(needs.error)
    const found = await jobFor(needs).catch((error: unknown) => {
      // Only a trial that wants other candles than the configuration itself can find them missing.
      if (error instanceof ApiError && error.status === 400) return failed(error.message)
      throw error
    })
    if ('outcome' in found) return found
    const outcome = await workers.run({ ...found, config: placed.config, window, floors }, { signal })
    switch (outcome.kind) {
      case 'completed': {
        const figures = figuresOf(outcome.summary.results)
        return { outcome: judge(goal, figures), figures, curve: outcome.curve }
      }
      case 'pruned': {
        const { done: progress, pnlQuote } = outcome.progress
        return { outcome: { state: 'pruned', progress, pnlQuote }, figures: null, curve: outcome.curve }
      }
      case 'refused':
        return failed(words(outcome.problems))
      case 'failed':
        return failed(outcome.error)
      case 'cancelled':
        throw new SearchEnded('the search was ended')
    }
  }

  return async (parameters, span, floors) => {
    const turn = await line.turn(signal)
    if (turn === undefined) throw new SearchEnded('the search was ended')
    try {
      return await run(parameters, span, floors)
    } finally {
      turn.done()
    }
  }
}
