import type { Action } from '../controllers/controller.ts'
import type { CloseType } from '../executors/close-type.ts'
import type { Executor } from '../executors/executor.ts'
import type { ExecutorConfig, OrderExecutorConfig, PositionExecutorConfig } from '../executors/executor-config.ts'

export const created = (actions: readonly Action[]): ExecutorConfig[] =>
  actions.flatMap((action) => (action.type === 'create' ? [action.executor] : []))

export const createdPositions = (actions: readonly Action[]): PositionExecutorConfig[] =>
  created(actions).flatMap((config) => (config.type === 'position_executor' ? [config] : []))

export const createdOrders = (actions: readonly Action[]): OrderExecutorConfig[] =>
  created(actions).flatMap((config) => (config.type === 'order_executor' ? [config] : []))

export const createdLevels = (actions: readonly Action[]): (string | null)[] =>
  created(actions).map((config) => ('level_id' in config ? config.level_id : null))

export const stopped = (actions: readonly Action[]): Executor[] =>
  actions.flatMap((action) => (action.type === 'stop' ? [action.executor] : []))

/** What has become of an executor once it has ended. */
export const ended = (executor: Executor, closeType: CloseType, closeTimestamp: number): Executor => ({
  ...executor,
  status: 'TERMINATED',
  isActive: false,
  isTrading: false,
  closeType,
  closeTimestamp,
})
