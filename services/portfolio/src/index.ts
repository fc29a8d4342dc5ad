import { historyProjection } from './history/history.projection.ts'
import { pastProjection } from './past/past.projection.ts'
import { pnlProjection } from './pnl/pnl.projection.ts'
import { rebalanceProjection } from './rebalance/rebalance.projection.ts'

export { portfolio } from './service.ts'

/** Every read model of this service, for rebuilding. */
export const projections = [historyProjection, pastProjection, pnlProjection, rebalanceProjection]
