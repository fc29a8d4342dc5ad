import type { Executor } from '../../executors/executor.ts'
import type { Action } from '../controller.ts'

/**
 * Adds stops of the executors that are due to a decision, so that what they have traded becomes inventory: those that wait
 * for their entry first, then those that have traded. A decision with none stays as it is.
 */
export const withRenewals = (
  actions: Action[] | undefined,
  active: readonly Executor[],
  isDue: (executor: Executor) => boolean,
): Action[] | undefined => {
  let all = actions
  let traded: Action[] | undefined
  for (const executor of active) {
    if (!executor.isActive || !isDue(executor)) continue
    const stop: Action = { type: 'stop', executor, keepPosition: true }
    if (executor.isTrading) traded = [...(traded ?? []), stop]
    else {
      all ??= []
      all.push(stop)
    }
  }
  return traded === undefined ? all : [...(all ?? []), ...traded]
}
