import { historyProjection } from './history/history.projection.ts'

export { portfolio } from './service.ts'

/** Every read model of this service, for rebuilding. */
export const projections = [historyProjection]
