import { isFinished, nameAtVenue, type PlacedOrder } from './order.ts'
import type { RequestCause } from './order-streams.ts'
import type { OrdersContext } from './orders-context.ts'

export interface CancelOrderDeps extends OrdersContext {
  background(name: string, work: Promise<unknown>): void
}

export interface CancelOrder {
  readonly clientOrderId: string
  /** Absent: the order may belong to any. */
  readonly accountName?: string
  readonly connectorName?: string
}

export type Cancelled = { readonly kind: 'initiated' } | { readonly kind: 'not-active' }

/**
 * Stores the wish to cancel, answers, and asks the venue in the background. Until the venue has confirmed it the order
 * stays PENDING_CANCEL, and the wish is repeated as long as the venue shows the order open.
 */
export const cancelOrder =
  (deps: CancelOrderDeps) =>
  async (request: CancelOrder, cause: RequestCause): Promise<Cancelled> => {
    const known = await deps.streams.load(request.clientOrderId)
    if (known === undefined || isFinished(known.order)) return { kind: 'not-active' }
    const { accountName, connectorName } = known.order.intent
    if ((request.accountName ?? accountName) !== accountName) return { kind: 'not-active' }
    if ((request.connectorName ?? connectorName) !== connectorName) return { kind: 'not-active' }

    const { order, appended } = await deps.streams.handle(request.clientOrderId, { kind: 'request-cancel' }, cause)
    if (appended !== undefined) {
      deps.background(`cancel of order ${request.clientOrderId}`, send(deps, order))
    } else if (isFinished(order)) return { kind: 'not-active' }
    return { kind: 'initiated' }
  }

const send = async (deps: CancelOrderDeps, order: PlacedOrder): Promise<void> => {
  const { clientOrderId, accountName, connectorName, tradingPair } = order.intent
  // A create still under way is judged first; its end brings the cancel up again.
  if (deps.underway.has(clientOrderId)) return
  const access = await deps.venues.access(accountName, connectorName)
  const outcome =
    access.kind === 'open'
      ? await access.venue.cancelOrder(nameAtVenue(order), tradingPair)
      : ({ kind: 'unknown', reason: `no access to ${connectorName}: ${access.kind}` } as const)
  const cause = { actor: `venue:${connectorName}` }
  switch (outcome.kind) {
    case 'rejected':
      await deps.streams.handle(clientOrderId, { kind: 'refuse-cancel', reason: outcome.reason }, cause)
      return
    case 'unknown':
      await deps.streams.handle(clientOrderId, { kind: 'lose-cancel', reason: outcome.reason }, cause)
      deps.attend(accountName, connectorName, [clientOrderId])
      return
    case 'cancelled':
    case 'not-found':
      // How much was filled before decides what the order ends as: the venue is asked.
      deps.attend(accountName, connectorName, [clientOrderId])
  }
}
