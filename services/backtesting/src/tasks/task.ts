import { type BacktestEvent, type BacktestSpec, backtestEvents } from '@colibri/contracts'
import type { Decider, DomainEvent } from '@colibri/event-log'

/** A task: a backtest that is run when there is room for it, and remembered. */
export type Task =
  | { readonly status: 'none' }
  | { readonly status: 'deleted' }
  | {
      readonly status: 'pending' | 'running' | 'completed' | 'failed' | 'cancelled'
      readonly spec: BacktestSpec
      /** How often it was started; 0 before the first time. */
      readonly attempt: number
    }

type DataOf<Type extends BacktestEvent['type']> = Extract<BacktestEvent, { type: Type }>['data']

export type TaskCommand =
  | { readonly kind: 'submit'; readonly taskId: string; readonly spec: BacktestSpec }
  | { readonly kind: 'start'; readonly instanceId: string }
  | { readonly kind: 'complete'; readonly result: DataOf<'BacktestCompleted'> }
  | { readonly kind: 'fail'; readonly attempt: number; readonly error: string }
  | { readonly kind: 'delete'; readonly reason: 'asked' | 'room' }

/** Its id is another's. */
export class TaskExists extends Error {
  override readonly name = 'TaskExists'
}

const isUnfinished = (task: Task): task is Extract<Task, { attempt: number }> =>
  task.status === 'pending' || task.status === 'running'

/** Only the attempt that was started last says how it ended. */
const isRunning = (task: Task, attempt: number): boolean => task.status === 'running' && task.attempt === attempt

const decide = (command: TaskCommand, task: Task): readonly BacktestEvent[] => {
  switch (command.kind) {
    case 'submit':
      if (task.status !== 'none') throw new TaskExists(`there is a task ${command.taskId}`)
      return [{ type: 'BacktestSubmitted', data: { taskId: command.taskId, spec: command.spec } }]
    case 'start':
      return isUnfinished(task)
        ? [{ type: 'BacktestStarted', data: { attempt: task.attempt + 1, instanceId: command.instanceId } }]
        : []
    case 'complete':
      return isRunning(task, command.result.attempt) ? [{ type: 'BacktestCompleted', data: command.result }] : []
    case 'fail':
      return isRunning(task, command.attempt) ? [{ type: 'BacktestFailed', data: { error: command.error } }] : []
    case 'delete': {
      if (task.status === 'none' || task.status === 'deleted') return []
      const deleted: BacktestEvent = { type: 'BacktestDeleted', data: { reason: command.reason } }
      return isUnfinished(task) ? [{ type: 'BacktestCancelled', data: {} }, deleted] : [deleted]
    }
  }
}

const evolve = (task: Task, event: BacktestEvent): Task => {
  if (event.type === 'BacktestSubmitted') return { status: 'pending', spec: event.data.spec, attempt: 0 }
  if (task.status === 'none' || task.status === 'deleted') return task
  switch (event.type) {
    case 'BacktestStarted':
      return { ...task, status: 'running', attempt: event.data.attempt }
    case 'BacktestCompleted':
      return { ...task, status: 'completed' }
    case 'BacktestFailed':
      return { ...task, status: 'failed' }
    case 'BacktestCancelled':
      return { ...task, status: 'cancelled' }
    case 'BacktestDeleted':
      return { status: 'deleted' }
  }
}

export const backtestEventOf = ({ type, data }: DomainEvent): BacktestEvent => {
  switch (type) {
    case 'BacktestSubmitted':
      return { type, data: backtestEvents.BacktestSubmitted.parse(data) }
    case 'BacktestStarted':
      return { type, data: backtestEvents.BacktestStarted.parse(data) }
    case 'BacktestCompleted':
      return { type, data: backtestEvents.BacktestCompleted.parse(data) }
    case 'BacktestFailed':
      return { type, data: backtestEvents.BacktestFailed.parse(data) }
    case 'BacktestCancelled':
      return { type, data: backtestEvents.BacktestCancelled.parse(data) }
    case 'BacktestDeleted':
      return { type, data: backtestEvents.BacktestDeleted.parse(data) }
    default:
      throw new TypeError(`${type} is no event of a backtest`)
  }
}

export const taskDecider: Decider<TaskCommand, Task, BacktestEvent> = {
  initialState: { status: 'none' },
  decide,
  evolve: (task, event) => evolve(task, backtestEventOf(event)),
}
