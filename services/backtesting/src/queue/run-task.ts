import { setTimeout as sleep } from 'node:timers/promises'
import type { BacktestSpec } from '@colibri/contracts'
import { ApiError, RpcError } from '@colibri/service-kit'
import type { StoreResults } from '../results/store-results.ts'
import type { PrepareRun } from '../runs/prepare-run.ts'
import type { HandleTask } from '../tasks/task-commands.ts'
import type { BacktestJob, Progress, RunOutcome } from '../workers/job.ts'
import type { WorkerPool } from '../workers/pool.ts'

export interface RunTaskDeps {
  readonly handle: HandleTask
  readonly prepare: PrepareRun
  readonly workers: Pick<WorkerPool, 'run'>
  readonly results: StoreResults
  readonly progress: (taskId: string, progress: Progress) => void
  readonly instanceId: string
  readonly now: () => number
  /** What has become of a run, for the metrics. */
  readonly ran: (outcome: RunOutcome['kind']) => void
}

/** Runs tasks from the queue, and ends those that nobody wants any more. */
export interface TaskRunner {
  work(taskId: string): Promise<'done' | 'again'>
  /** Ends it if this replica runs it. */
  cancel(taskId: string): void
  /** Ends all: others will run them. */
  stop(): void
}

/** A task that so many services have begun and none has ended is not tried again. */
const MOST_ATTEMPTS = 8
/** Market data that is away just now may come back. */
const PATIENCE_MS = 60_000
const ASK_AGAIN_MS = 1_000

export const createTaskRunner = (deps: RunTaskDeps): TaskRunner => {
  const underway = new Map<string, AbortController>()
  let stopping = false

  const load = async (spec: BacktestSpec, signal: AbortSignal): Promise<BacktestJob | { readonly error: string }> => {
    for (const until = deps.now() + PATIENCE_MS; ; ) {
      try {
        return await deps.prepare.load(await deps.prepare.checkAgain(spec), 'stored')
      } catch (error) {
        if (error instanceof ApiError) return { error: error.message }
        if (!(error instanceof RpcError)) throw error
        if (error.kind === 'internal' || deps.now() >= until || signal.aborted) return { error: error.message }
        await sleep(ASK_AGAIN_MS, undefined, { signal }).catch(() => undefined)
      }
    }
  }

  const outcomeOf = async (
    taskId: string,
    attempt: number,
    spec: BacktestSpec,
    signal: AbortSignal,
  ): Promise<RunOutcome> => {
    if (attempt > MOST_ATTEMPTS)
      return {
        kind: 'failed',
        error: `Given up: begun ${MOST_ATTEMPTS} times, and each time the service ended before it did`,
      }
    const job = await load(spec, signal)
    if (signal.aborted) return { kind: 'cancelled' }
    if ('error' in job) return { kind: 'failed', error: job.error }
    const result = await deps.results.begin(taskId, attempt)
    const outcome = await deps.workers.run(job, {
      signal,
      onProgress: (progress) => deps.progress(taskId, progress),
      onChunk: result.chunk,
    })
    if (outcome.kind === 'completed') await result.settle()
    return outcome
  }

  const finish = async (taskId: string, attempt: number, outcome: RunOutcome): Promise<void> => {
    const fail = async (error: string): Promise<void> => {
      await deps.results.forget(taskId)
      await deps.handle(taskId, { kind: 'fail', attempt, error })
    }
    switch (outcome.kind) {
      case 'completed': {
        const { results, rows, executors, engineMs } = outcome.summary
        const result = { attempt, figures: { ...results }, rows, executors, engineMs }
        await deps.handle(taskId, { kind: 'complete', result })
        return
      }
      case 'failed':
        return fail(outcome.error)
      case 'refused':
        return fail(outcome.problems.map(({ path, msg }) => `config.${path.join('.')}: ${msg}`).join('; '))
      case 'pruned':
        return fail('The backtest was stopped early')
      case 'cancelled':
        return
    }
  }

  return {
    async work(taskId) {
      if (stopping) return 'again'
      const { state, events } = await deps.handle(taskId, { kind: 'start', instanceId: deps.instanceId })
      if (events.length === 0 || state.status !== 'running') return 'done'
      const { attempt, spec } = state
      const abort = new AbortController()
      underway.set(taskId, abort)
      try {
        const outcome = await outcomeOf(taskId, attempt, spec, abort.signal)
        deps.ran(outcome.kind)
        // Stopped with the service it goes on elsewhere; otherwise it was deleted, and its results with it.
        if (outcome.kind === 'cancelled') {
          if (stopping) return 'again'
          await deps.results.forget(taskId)
          return 'done'
        }
        await finish(taskId, attempt, outcome)
        return 'done'
      } finally {
        underway.delete(taskId)
      }
    },
    cancel: (taskId) => underway.get(taskId)?.abort(),
    stop: () => {
      stopping = true
      for (const abort of underway.values()) abort.abort()
    },
  }
}
