import type { DriftDetected } from '@colibri/contracts'
import type { AccountVenue, VenueOrderState } from '@colibri/exchange'
import { isFinished, nameAtVenue, type PlacedOrder, statusOf } from '../orders/order.ts'
import type { LiveOrder, OrderStreams } from '../orders/order-streams.ts'
import type { OrdersContext } from '../orders/orders-context.ts'
import type { Place } from './drift-watch.ts'
import type { Strangers } from './strangers.ts'

export interface CompareOrdersDeps {
  readonly context: Pick<OrdersContext, 'underway' | 'now' | 'attend' | 'failpoint'> & {
    readonly streams: Pick<OrderStreams, 'load' | 'live' | 'handle' | 'clientOrderIdOf'>
  }
  readonly place: Place
  readonly venue: Pick<AccountVenue, 'findOrder' | 'cancelOrder'>
  readonly strangers: Pick<Strangers, 'add'>
  readonly guardMs: number
  announce(key: string, drift: DriftDetected): Promise<string>
}

/**
 * Compares the venue's open orders with those here. What is open there and unknown here is a stranger. What is open here
 * alone is settled as any order. What is open there and over here is asked for once more, and then made one again.
 */
export const compareOrders = (deps: CompareOrdersDeps) => {
  const { context, place, venue, guardMs } = deps
  const { accountName, connectorName } = place

  const here = async ({
    tradingPair,
    venueOrderId,
    clientOrderId,
  }: VenueOrderState): Promise<LiveOrder | undefined> => {
    const id = context.streams.clientOrderIdOf(accountName, connectorName, tradingPair, venueOrderId) ?? clientOrderId
    const known = id === '' ? undefined : await context.streams.load(id)
    const { intent } = known?.order ?? {}
    return intent?.accountName === accountName && intent.connectorName === connectorName ? known : undefined
  }

  /** A denial was believed, or a cancel, and the order is there all the same. */
  const revive = async (order: PlacedOrder, listed: VenueOrderState): Promise<void> => {
    const { clientOrderId: id, tradingPair } = order.intent
    const lookup = await venue.findOrder(nameAtVenue(order), tradingPair)
    if (lookup.kind !== 'found' || lookup.order.status !== 'open') return
    if (lookup.order.venueOrderId !== listed.venueOrderId) return
    const fresh = (await context.streams.load(id))?.order
    if (fresh === undefined || !isFinished(fresh) || statusOf(fresh) === 'FILLED') return
    const reopens = statusOf(fresh) === 'FAILED' && fresh.venueOrderId === null
    await deps.announce(`order ${id} open`, {
      ...place,
      kind: 'order',
      subject: id,
      tradingPair,
      ours: statusOf(fresh),
      venue: 'open',
      difference: null,
      repair: reopens ? 'order-reopened' : 'cancelled-at-venue',
    })
    context.failpoint('drift-stored')
    if (reopens) {
      const cause = { actor: `venue:${connectorName}` }
      await context.streams.handle(id, { kind: 'accept', venueOrderId: listed.venueOrderId }, cause)
      context.attend(accountName, connectorName, [id])
    } else await venue.cancelOrder(nameAtVenue(fresh), tradingPair)
  }

  return async (open: readonly VenueOrderState[]): Promise<void> => {
    const listed = new Set<string>()
    for (const state of open) {
      const known = await here(state)
      if (known === undefined) {
        deps.strangers.add(state.tradingPair, state.venueOrderId, state)
        continue
      }
      listed.add(known.order.intent.clientOrderId)
      const quiet = context.now() - known.touchedAt >= guardMs
      if (quiet && isFinished(known.order) && statusOf(known.order) !== 'FILLED') await revive(known.order, state)
    }
    const missing = context.streams
      .live()
      .filter(({ touchedAt }) => context.now() - touchedAt >= guardMs)
      .map(({ order }) => order.intent)
      .filter((intent) => intent.accountName === accountName && intent.connectorName === connectorName)
      .map(({ clientOrderId }) => clientOrderId)
      .filter((id) => !listed.has(id) && !context.underway.has(id))
    if (missing.length > 0) context.attend(accountName, connectorName, missing)
  }
}
