import { randomBytes } from 'node:crypto'
import { type BacktestEvent, type BacktestRequest, type BacktestSpec, backtestStream } from '@colibri/contracts'
import { type EventLog, type Handled, handleCommand } from '@colibri/event-log'
import type { RequestContext } from '@colibri/service-kit'
import type { StoreResults } from '../results/store-results.ts'
import { type AskedRun, ControllerBroken, type PrepareRun } from '../runs/prepare-run.ts'
import { type Task, type TaskCommand, TaskExists, taskDecider } from './task.ts'
import type { TaskQueries } from './tasks.queries.ts'

export interface TaskDeps {
  readonly log: EventLog
  readonly now: () => number
}

/** Runs a command against a task's stream. */
export type HandleTask = (taskId: string, command: TaskCommand) => Promise<Handled<Task, BacktestEvent>>

/** What a client asks for. */
export const handleRequest =
  ({ log, now }: TaskDeps, context: () => RequestContext): HandleTask =>
  (taskId, command) => {
    const { requestId, correlationId, actor, address } = context()
    const from = address === undefined ? {} : { address }
    const metadata = { actor, correlationId, causationId: requestId, time: now(), ...from }
    return handleCommand(log, taskDecider, backtestStream(taskId), command, { metadata })
  }

/** What comes of it later: it belongs to the request that the task was submitted with. */
export const handleFollowUp =
  ({ log, now }: TaskDeps): HandleTask =>
  async (taskId, command) => {
    const stream = backtestStream(taskId)
    const [first] = await log.read(stream)
    const { correlationId = taskId } = first?.metadata ?? {}
    const metadata = { actor: 'service:backtesting', correlationId, causationId: first?.id ?? taskId, time: now() }
    return handleCommand(log, taskDecider, stream, command, { metadata })
  }

export interface TaskCommandDeps {
  readonly handle: HandleTask
  readonly prepare: PrepareRun
  readonly queries: TaskQueries
  readonly results: Pick<StoreResults, 'forget'>
  /** Hands a stored task to whoever runs it. A failure is made good later. */
  readonly enqueue: (taskId: string) => Promise<void>
  /** Tells whoever runs it that nobody wants it any more. */
  readonly cancelled: (taskId: string) => void
}

export interface TaskCommands {
  /** Stores a task and has it run. Throws `ApiError` when its words are wrong. */
  submit(request: BacktestRequest): Promise<string>
  /** Ends and forgets it; false when there is none. */
  remove(taskId: string): Promise<boolean>
}

/** As many tasks are remembered; the oldest finished ones make room for new ones. */
const MOST_TASKS = 50
const ID_BYTES = 4

export const createTaskCommands = (deps: TaskCommandDeps): TaskCommands => {
  const removeFor = async (taskId: string, reason: 'asked' | 'room'): Promise<boolean> => {
    const { events } = await deps.handle(taskId, { kind: 'delete', reason })
    if (events.length === 0) return false
    if (events.some(({ type }) => type === 'BacktestCancelled')) deps.cancelled(taskId)
    await deps.results.forget(taskId)
    return true
  }

  const makeRoom = async (): Promise<void> => {
    const tasks = await deps.queries.all()
    const finished = tasks
      .flatMap(({ taskId, completedAt }) => (completedAt === null ? [] : [{ taskId, at: completedAt.getTime() }]))
      .sort((a, b) => a.at - b.at)
    const excess = tasks.length - (MOST_TASKS - 1)
    for (const { taskId } of finished.slice(0, Math.max(0, excess))) await removeFor(taskId, 'room')
  }

  const checked = async (request: BacktestRequest): Promise<AskedRun> => {
    try {
      return await deps.prepare.check(request)
    } catch (error) {
      // A broken controller fails its own task.
      if (error instanceof ControllerBroken) return error.run
      throw error
    }
  }

  const store = async (spec: BacktestSpec): Promise<string> => {
    for (;;) {
      const taskId = randomBytes(ID_BYTES).toString('hex')
      try {
        await deps.handle(taskId, { kind: 'submit', taskId, spec })
        return taskId
      } catch (error) {
        if (!(error instanceof TaskExists)) throw error
      }
    }
  }

  return {
    submit: async (request) => {
      const run = await checked(request)
      await makeRoom()
      const taskId = await store(await deps.prepare.keep(run))
      await deps.enqueue(taskId)
      return taskId
    },
    remove: (taskId) => removeFor(taskId, 'asked'),
  }
}
