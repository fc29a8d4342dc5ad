import { optimisationStream, type TrialEvent, trialStream } from '@colibri/contracts'
import { DuplicateEvent, derivedEventId, type EventLog, type RecordedEvent } from '@colibri/event-log'
import { ApiError, RpcError, type ServiceKit } from '@colibri/service-kit'
import { SearchRefused } from '@colibri/strategy'
import { ControllerBroken, type PrepareRun } from '../runs/prepare-run.ts'
import type { WorkerPool } from '../workers/pool.ts'
import { isOver, knownFrom, optimisationFrom } from './optimisation.ts'
import type { HandleOptimisation } from './optimise-commands.ts'
import { type FinishedTrial, runSearch } from './run-search.ts'
import { SearchEnded, trialRunner } from './run-trial.ts'
import { planOf } from './search-plan.ts'

type Failpoint = ServiceKit<unknown>['failpoint']

export interface RunOptimisationDeps {
  readonly log: EventLog
  readonly handle: HandleOptimisation
  readonly runs: Pick<PrepareRun, 'checkAgain' | 'describe' | 'load'>
  readonly workers: WorkerPool
  readonly instanceId: string
  readonly failpoint: Failpoint
}

/** Stores what became of trials: once each, whoever else runs the same search by mistake. */
const trialStore = (log: EventLog, id: string, [submitted]: readonly RecordedEvent[]) => {
  const stream = trialStream(id)
  return async (event: TrialEvent, key: string): Promise<void> => {
    const metadata = {
      actor: 'service:backtesting',
      correlationId: submitted?.metadata.correlationId ?? id,
      causationId: submitted?.id ?? id,
      time: Date.now(),
    }
    const eventId = derivedEventId(stream, key, 0)
    try {
      await log.append(stream, [{ id: eventId, ...event, schemaVersion: 1, metadata }], 'any')
    } catch (error) {
      if (!(error instanceof DuplicateEvent)) throw error
    }
  }
}

const testOf = ({ window, number, parameters, outcome, figures }: FinishedTrial) => ({
  window,
  number,
  parameters: { ...parameters },
  outcome: plain(outcome),
  figures: figures && { ...figures },
})
const plain = (outcome: FinishedTrial['outcome']) =>
  outcome.state === 'completed' ? { ...outcome, broken: [...outcome.broken] } : outcome

/**
 * Trying again would not help. Market data that is away just now is not among these; a search that an older version took
 * and this one refuses is.
 */
const isItsOwn = (error: unknown): error is Error =>
  error instanceof SearchRefused ||
  error instanceof ControllerBroken ||
  (error instanceof ApiError && error.status < 500) ||
  (error instanceof RpcError && error.kind !== 'unavailable')

/**
 * Runs a search to its end, or goes on where an earlier run of it was broken off: trials that are in the log are not run
 * again. Returns when it is over, or when the signal aborts. Rejects when something that is no fault of the search's, such
 * as a service that is away, keeps it from going on: then it can be run again.
 */
export const runOptimisation = async (deps: RunOptimisationDeps, id: string, signal: AbortSignal): Promise<void> => {
  const { log, handle, runs, workers, instanceId } = deps
  await handle(id, { kind: 'start', instanceId })
  const events = await log.read(optimisationStream(id))
  const state = optimisationFrom(events)
  if (state.kind === 'none' || isOver(state)) return
  const store = trialStore(log, id, events)
  const broken = new AbortController()
  /** What fails ends the trials that run beside it: nobody would store them. */
  const orEndAll = <T>(work: Promise<T>): Promise<T> =>
    work.catch((error: unknown) => {
      broken.abort()
      throw error
    })
  try {
    const plan = planOf(state.spec)
    const base = await runs.checkAgain(state.spec.backtest)
    // Candles that are missing end the search before its first trial.
    const job = await runs.load(base, 'none')
    const attempt = trialRunner({ runs, workers }, base, job, plan, AbortSignal.any([signal, broken.signal]))
    await runSearch(plan, knownFrom(await log.read(trialStream(id))), {
      attempt: (...trial) => orEndAll(attempt(...trial)),
      finished: async (trial) => {
        const key = `trial ${trial.window} ${trial.number}`
        const data = { ...testOf(trial), curve: [...trial.curve] }
        await orEndAll(store({ type: 'TrialFinished', data }, key))
        deps.failpoint(`${key} stored`)
      },
      tested: (trial) => orEndAll(store({ type: 'WindowTested', data: testOf(trial) }, `test ${trial.window}`)),
    })
    await handle(id, { kind: 'complete' })
  } catch (error) {
    if (error instanceof SearchEnded && signal.aborted) return
    if (!isItsOwn(error)) throw error
    await handle(id, { kind: 'fail', error: error.message })
  }
}
