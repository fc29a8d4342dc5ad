import { setTimeout as sleep } from 'node:timers/promises'
import type { Uploads } from '../candles/uploads.ts'
import type { StoreResults } from '../results/store-results.ts'
import type { TaskQueries } from '../tasks/tasks.queries.ts'
import type { TaskQueue } from './task-queue.ts'

export interface SweepDeps {
  readonly queries: TaskQueries
  readonly queue: Pick<TaskQueue, 'add'>
  readonly results: Pick<StoreResults, 'sweep'>
  readonly uploads: Pick<Uploads, 'keepOnly'>
  readonly report: (error: unknown, what: string) => void
}

const EVERY_MS = 15_000
const TIDY_EVERY = 40

/**
 * Queues every task that is not over: a service that dies between storing and queueing one, or a message stream that was
 * lost, would leave it waiting for ever. What is queued already is not queued twice. Now and then it lets go of results
 * and candles that no task needs.
 */
export const sweepTasks = async (deps: SweepDeps, signal: AbortSignal): Promise<void> => {
  for (let round = 0; !signal.aborted; round += 1) {
    try {
      for (const taskId of await deps.queries.unfinished()) await deps.queue.add(taskId)
      if (round % TIDY_EVERY === 0) await tidy(deps)
    } catch (error) {
      deps.report(error, 'looking for backtests that nobody runs')
    }
    await sleep(EVERY_MS, undefined, { signal }).catch(() => undefined)
  }
}

const tidy = async ({ queries, results, uploads }: SweepDeps): Promise<void> => {
  const tasks = await queries.all()
  await uploads.keepOnly(tasks.flatMap(({ spec }) => spec.uploads.map(({ uploadId }) => uploadId)))
  await results.sweep()
}
