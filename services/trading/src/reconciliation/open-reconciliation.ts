import type { DriftDetected } from '@colibri/contracts'
import type { EventLog, RunningProjection } from '@colibri/event-log'
import type { AccountVenue } from '@colibri/exchange'
import type { Pool } from 'pg'
import type { Registry } from 'prom-client'
import type { OrdersContext } from '../orders/orders-context.ts'
import { isPerpetual } from '../positions/positions.ts'
import { createDriftMetrics } from './drift-metrics.ts'
import type { DriftWatch } from './drift-watch.ts'
import { driftWatches } from './drift-watches.ts'
import { driftsQueries } from './drifts.queries.ts'
import { expectedAt } from './expected.ts'
import { type Reconciled, type ReconcilePolicy, type Reconciler, reconcileVenue } from './reconcile-venue.ts'

export interface ReconciliationDeps {
  readonly log: EventLog
  readonly pool: Pool
  readonly metrics: Registry
  readonly policy: ReconcilePolicy
  /** Everything that expectations are read from. */
  readonly projections: readonly RunningProjection[]
  /** First asked when a venue is opened. */
  context(): OrdersContext
  announced(drift: DriftDetected): void
}

const CATCH_UP_MS = 5_000
/** How long `POST /trading/reconcile` waits for what is undecided. */
const PATIENCE_MS = 15_000

const NOT_OPEN: Reconciled = {
  outcome: 'no-verdict',
  reason: 'The account is not open at this venue: its credentials cannot be used here',
  drifts: [],
  undecided: [],
}

/** Every open account at its venue, kept agreeing with it. */
export const openReconciliation = (deps: ReconciliationDeps) => {
  const { log, pool, policy } = deps
  const watches = driftWatches()
  const metrics = createDriftMetrics(deps.metrics)
  const reconcilers = new Map<string, Reconciler>()
  const keyOf = (accountName: string, connectorName: string): string => `${accountName}\n${connectorName}`
  const current = async (): Promise<void> => {
    await Promise.all(deps.projections.map((projection) => projection.catchUp(CATCH_UP_MS)))
  }
  const expected = expectedAt(pool, current)
  const watch: DriftWatch = watches.watch

  return {
    watch,
    drifts: driftsQueries(pool, current),

    opened(accountName: string, venue: AccountVenue): void {
      const { connectorName } = venue
      const place = { accountName, connectorName }
      const market = isPerpetual(connectorName) ? 'perpetual' : 'spot'
      const context = deps.context()
      const { announced } = deps
      const reconciler = reconcileVenue({ log, context, policy, metrics, expected, announced }, place, venue, market)
      reconcilers.set(keyOf(accountName, connectorName), reconciler)
      watches.add(place, reconciler)
    },

    async released(accountName: string, connectorName: string): Promise<void> {
      const reconciler = reconcilers.get(keyOf(accountName, connectorName))
      reconcilers.delete(keyOf(accountName, connectorName))
      watches.remove({ accountName, connectorName })
      await reconciler?.stop()
    },

    async reconcile(accountName: string, connectorName: string): Promise<Reconciled> {
      await deps.context().venues.access(accountName, connectorName)
      return reconcilers.get(keyOf(accountName, connectorName))?.reconcile(PATIENCE_MS) ?? NOT_OPEN
    },
  }
}
