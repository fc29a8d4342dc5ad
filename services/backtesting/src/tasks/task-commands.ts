import { randomBytes } from 'node:crypto'
import type { BacktestEvent } from '@colibri/contracts'
import { type BacktestRequest, backtestStream } from '@colibri/contracts'
import { type EventLog, type Handled, handleCommand } from '@colibri/event-log'
import type { RequestContext } from '@colibri/service-kit'
import type { StoreResults } from '../results/store-results.ts'
import type { PrepareRun } from '../runs/prepare-run.ts'
import { type Task, type TaskCommand, TaskExists, taskDecider } from './task.ts'
import type { TaskQueries } from './tasks.queries.ts'

export interface TaskDeps {
  readonly log: EventLog
  readonly context: () => RequestContext
  readonly now: () => number
}

export type HandleTask = (taskId: string, command: TaskCommand) => Promise<Handled<Task, BacktestEvent>>

/** Runs a command against a task's stream. */
export const handleTask =
  ({ log, context, now }: TaskDeps): HandleTask =>
  (taskId, command) => {
    const { requestId, correlationId, actor, address } = context()
    const metadata = {
      actor,
      correlationId,
      causationId: requestId === '' ? correlationId : requestId,
      time: now(),
      ...(address === undefined ? {} : { address }),
    }
    return handleCommand(log, taskDecider, backtestStream(taskId), command, { metadata })
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

  const store = async (spec: Extract<TaskCommand, { kind: 'submit' }>['spec']): Promise<string> => {
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
      const { spec } = await deps.prepare.check(request, 'save')
      await makeRoom()
      const taskId = await store(spec)
      await deps.enqueue(taskId)
      return taskId
    },
    remove: (taskId) => removeFor(taskId, 'asked'),
  }
}
