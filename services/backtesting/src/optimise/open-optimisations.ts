import { setTimeout as sleep } from 'node:timers/promises'
import {
  OPTIMISATION_CANCEL,
  OPTIMISATION_QUEUE,
  OPTIMISATION_QUEUE_SUBJECTS,
  optimisationCancel,
  optimisationQueued,
  optimisationQueueSubject,
} from '@colibri/contracts'
import { type RunningProjection, runProjection } from '@colibri/event-log'
import type { BaseConfig, ServiceKit } from '@colibri/service-kit'
import { openTaskQueue } from '../queue/task-queue.ts'
import type { PrepareRun } from '../runs/prepare-run.ts'
import type { WorkerPool } from '../workers/pool.ts'
import { optimisationsProjection } from './optimisations.projection.ts'
import { optimisationQueries } from './optimisations.queries.ts'
import type { Optimisations } from './optimise.http.ts'
import { handleOptimisation, optimiseCommands } from './optimise-commands.ts'
import { runOptimisation } from './run-optimisation.ts'

export interface RunningOptimisations {
  readonly optimisations: Optimisations
  readonly projection: RunningProjection
  /** Candles that came with a request and that a search still needs. */
  uploads(): Promise<readonly string[]>
  /** Begins to run what waits. */
  begin(): void
  /** Leaves what runs to other replicas, and resolves when nothing runs here any more. */
  handOver(): Promise<void>
}

const CATCH_UP_MS = 5_000
/** Searches that one replica runs at once: a short one does not wait for a long one to end. */
const AT_ONCE = 4
const SWEEP_EVERY_MS = 15_000

/** Searches for parameters, put together: what REST asks, and what runs them in this replica. */
export const openOptimisations = async (
  kit: ServiceKit<BaseConfig>,
  { runs, workers }: { readonly runs: PrepareRun; readonly workers: WorkerPool },
): Promise<RunningOptimisations> => {
  const { log, pool, nats, logger, config, background } = kit
  const report = (error: unknown, what: string): void => logger.warn({ err: error }, what)
  const projection = await runProjection(log, pool, optimisationsProjection, {
    schema: 'backtesting',
    onError: (error) => report(error, 'projecting searches'),
  })
  const queries = optimisationQueries(pool, () => projection.catchUp(CATCH_UP_MS))
  const handle = handleOptimisation(log, kit.context)
  const underway = new Map<string, AbortController>()
  const stopping = new AbortController()

  const deps = { log, handle, runs, workers, instanceId: config.INSTANCE_ID, failpoint: kit.failpoint }
  const work = async (id: string): Promise<'done' | 'again'> => {
    const ending = new AbortController()
    underway.set(id, ending)
    const signal = AbortSignal.any([ending.signal, stopping.signal])
    try {
      await runOptimisation(deps, id, signal)
      return stopping.signal.aborted ? 'again' : 'done'
    } finally {
      underway.delete(id)
    }
  }
  const queue = openTaskQueue({
    names: {
      stream: OPTIMISATION_QUEUE,
      subjects: OPTIMISATION_QUEUE_SUBJECTS,
      subjectOf: optimisationQueueSubject,
      messageOf: (optimisationId) => ({ optimisationId }),
      idIn: (message) => optimisationQueued.safeParse(message).data?.optimisationId,
    },
    nats,
    places: AT_ONCE,
    work,
    report,
  })
  const cancelling = nats.subscribe(OPTIMISATION_CANCEL, {
    callback: (error, message) => {
      if (error === null) underway.get(optimisationCancel.parse(message.json()).optimisationId)?.abort()
    },
  })
  /** A service that died between storing and queueing one, or a stream that was lost, would leave it waiting for ever. */
  const sweep = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        for (const id of await queries.unfinished()) await queue.add(id)
      } catch (error) {
        report(error, 'looking for searches that nobody runs')
      }
      await sleep(SWEEP_EVERY_MS, undefined, { signal: stopping.signal }).catch(() => undefined)
    }
  }

  let running: Promise<void> = Promise.resolve()
  return {
    optimisations: {
      queries,
      commands: optimiseCommands({
        handle,
        runs,
        queries,
        submitted: (id) => background('queueing a search', queue.add(id)),
        cancelled: (id) => nats.publish(OPTIMISATION_CANCEL, JSON.stringify({ optimisationId: id })),
      }),
    },
    projection,
    uploads: async () =>
      (await queries.all()).flatMap(({ spec }) => spec.backtest.uploads.map(({ uploadId }) => uploadId)),
    begin: () => {
      running = queue.run(stopping.signal)
      background('running searches', running)
      background('finding searches that nobody runs', sweep())
    },
    handOver: async () => {
      stopping.abort()
      cancelling.unsubscribe()
      await running
    },
  }
}
