import { auditProjection } from './audit/audit.projection.ts'
import { fundingProjection } from './funding/funding.projection.ts'
import { ordersProjection } from './orders/orders.projection.ts'
import { driftsProjection } from './reconciliation/drifts.projection.ts'

export { ordersProjection }

/** Every read model of this service, for rebuilding. */
export const projections = [ordersProjection, fundingProjection, driftsProjection, auditProjection]
