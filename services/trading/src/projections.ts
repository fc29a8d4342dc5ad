import { type Projection, type RunningProjection, type RunProjectionOptions, runProjection } from '@colibri/event-log'
import type { ServiceKit } from '@colibri/service-kit'
import { auditProjection } from './audit/audit.projection.ts'
import type { TradingConfig } from './config.ts'
import { fundingProjection } from './funding/funding.projection.ts'
import { ordersProjection } from './orders/orders.projection.ts'
import { driftsProjection } from './reconciliation/drifts.projection.ts'

/** Nobody waits for the audit but who asks for it, and that ends the rest. */
const AUDIT_REST_MS = 5_000

export interface Projections {
  readonly orders: RunningProjection
  readonly drifts: RunningProjection
  readonly funding: RunningProjection
  readonly audit: RunningProjection
}

/** Everything that is read here, from the log. */
export const startProjections = async ({
  log,
  pool,
  logger,
  failpoint,
}: Pick<ServiceKit<TradingConfig>, 'log' | 'pool' | 'logger' | 'failpoint'>): Promise<Projections> => {
  const run = (
    projection: Projection,
    what: string,
    options: Pick<RunProjectionOptions, 'failpoint' | 'restMs'> = {},
  ): Promise<RunningProjection> =>
    runProjection(log, pool, projection, {
      schema: 'trading',
      onError: (error) => logger.warn({ err: error }, `projecting ${what}`),
      ...options,
    })
  const [orders, drifts, funding, audit] = await Promise.all([
    run(ordersProjection, 'orders', { failpoint }),
    run(driftsProjection, 'drifts'),
    run(fundingProjection, 'funding payments'),
    run(auditProjection, 'the audit', { restMs: AUDIT_REST_MS }),
  ])
  return { orders, drifts, funding, audit }
}
