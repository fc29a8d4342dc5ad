import { optimisationsProjection } from './optimise/optimisations.projection.ts'
import { tasksProjection } from './tasks/tasks.projection.ts'

export { backtesting } from './service.ts'

/** Every read model of this service, for rebuilding. */
export const projections = [tasksProjection, optimisationsProjection]
