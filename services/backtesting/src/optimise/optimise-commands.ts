import { randomBytes } from 'node:crypto'
import {
  type OptimisationEvent,
  type OptimisationSpec,
  type OptimiseDeleted,
  type OptimiseRequest,
  type OptimiseSubmitted,
  optimisationStream,
  type ValidationItem,
} from '@colibri/contracts'
import { type EventLog, type Handled, handleCommand } from '@colibri/event-log'
import { type RequestContext, unprocessable } from '@colibri/service-kit'
import { SearchRefused } from '@colibri/strategy'
import type { PrepareRun } from '../runs/prepare-run.ts'
import { checkTrials } from './check-trials.ts'
import { type Optimisation, type OptimisationCommand, optimisationDecider } from './optimisation.ts'
import type { OptimisationQueries } from './optimisations.queries.ts'
import { planOf, type SearchPlan } from './search-plan.ts'

export type HandleOptimisation = (
  id: string,
  command: OptimisationCommand,
) => Promise<Handled<Optimisation, OptimisationEvent>>

/** Runs a command against a search's stream. */
export const handleOptimisation =
  (log: EventLog, context: () => RequestContext): HandleOptimisation =>
  (id, command) => {
    const { requestId, correlationId, actor, address } = context()
    const metadata = {
      actor,
      correlationId,
      causationId: requestId === '' ? correlationId : requestId,
      time: Date.now(),
      ...(address === undefined ? {} : { address }),
    }
    return handleCommand(log, optimisationDecider, optimisationStream(id), command, { metadata })
  }

export interface OptimiseDeps {
  readonly handle: HandleOptimisation
  readonly runs: Pick<PrepareRun, 'check' | 'checkWith' | 'describe' | 'keep'>
  readonly queries: Pick<OptimisationQueries, 'all'>
  /** Tells whoever has room that there is a search to run. A failure is made good later. */
  readonly submitted: (id: string) => void
  /** Tells whoever runs it that nobody wants it any more. */
  readonly cancelled: (id: string) => void
}

export interface OptimiseCommands {
  /** Throws `ApiError` with what is wrong; nothing is run then. */
  submit(request: OptimiseRequest): Promise<OptimiseSubmitted>
  /** Ends a search that is not over, keeping what it found, and forgets one that is. Undefined when there is none. */
  remove(id: string): Promise<OptimiseDeleted | undefined>
}

/** As many are remembered; the oldest that are over make room for new ones. */
const MOST_REMEMBERED = 50

const items = ({ flaws }: SearchRefused, request: OptimiseRequest): ValidationItem[] =>
  flaws.map(({ path, says }) => ({
    type: 'value_error',
    loc: ['body', ...path],
    msg: `Value error, ${says}`,
    input:
      path.reduce<unknown>(
        (value, part) => (typeof value === 'object' && value !== null ? Reflect.get(value, part) : undefined),
        request,
      ) ?? null,
  }))

const planFor = (spec: OptimisationSpec, request: OptimiseRequest): SearchPlan => {
  try {
    return planOf(spec)
  } catch (error) {
    throw error instanceof SearchRefused ? unprocessable(items(error, request)) : error
  }
}

export const optimiseCommands = ({ handle, runs, queries, submitted, cancelled }: OptimiseDeps): OptimiseCommands => {
  const makeRoom = async (): Promise<void> => {
    const known = await queries.all()
    const over = known.filter(({ completedAt }) => completedAt !== null)
    const excess = known.length - (MOST_REMEMBERED - 1)
    for (const { id } of over.slice(over.length - Math.max(0, Math.min(excess, over.length))))
      await handle(id, { kind: 'cancel-or-delete' })
  }

  return {
    submit: async (request) => {
      const { parameters, method, trials, seed, round, objective, direction, constraints, pruning } = request
      const specWith = (backtest: OptimisationSpec['backtest']): OptimisationSpec => ({
        backtest,
        parameters,
        method,
        trials,
        seed,
        round,
        objective,
        direction,
        constraints,
        pruning,
        walkForward: request.walk_forward && {
          windows: request.walk_forward.windows,
          trainShare: request.walk_forward.train_share,
          kind: request.walk_forward.kind,
        },
      })
      const run = await runs.check(request)
      const plan = planFor(specWith(run.spec), request)
      await checkTrials(runs, run, plan, method)
      await makeRoom()
      const spec = specWith(await runs.keep(run))
      const id = randomBytes(8).toString('hex')
      await handle(id, { kind: 'submit', optimisationId: id, spec, trials: plan.trials })
      submitted(id)
      return { optimization_id: id, status: 'pending', trials: plan.trials }
    },

    remove: async (id) => {
      const { events } = await handle(id, { kind: 'cancel-or-delete' })
      const [event] = events
      if (event === undefined) return undefined
      if (event.type === 'OptimisationDeleted') return { status: 'deleted', optimization_id: id }
      cancelled(id)
      return { status: 'cancelled', optimization_id: id }
    },
  }
}
