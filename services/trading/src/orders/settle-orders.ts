import type { AccountVenue, VenueOrderState } from '@colibri/exchange'
import { Exact } from '../decimal.ts'
import { isFinished, nameAtVenue, type PlacedOrder, statusOf } from './order.ts'
import type { LiveOrder } from './order-streams.ts'
import type { OrdersContext } from './orders-context.ts'
import { applyFills, takeFills } from './take-fills.ts'

export interface SettlePolicy {
  /**
   * How long a venue may deny an order before it is believed: longer than a signed request stays valid, so that a
   * delayed create can no longer be accepted after the verdict.
   */
  readonly absentGraceMs: number
  /** How often the venue must have denied it. */
  readonly absentTimes: number
  /** How long a cancelled order waits for fills its venue counts but does not list yet. */
  readonly missingFillsMs: number
}

export const defaultSettlePolicy: SettlePolicy = { absentGraceMs: 15_000, absentTimes: 3, missingFillsMs: 60_000 }

/** Orders that are being compared already are waited for and compared again after that, never twice at a time. */
export type Settle = (venue: AccountVenue, orders: readonly LiveOrder[]) => Promise<void>

interface Doubt {
  since: number
  times: number
}

/** Lookups at one time: recovery of many orders must not spend a venue's whole rate budget at once. */
const PARALLEL_LOOKUPS = 4
/** Above this many orders of a pair one list is cheaper than single lookups. */
const FEW_ORDERS = 3

const inParallel = async <T>(items: readonly T[], limit: number, work: (item: T) => Promise<void>): Promise<void> => {
  const queue = items.values()
  const worker = async (): Promise<void> => {
    for (const item of queue) await work(item)
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker))
}

/**
 * Compares orders with their venue and records what the venue says: the one place where an unknown outcome becomes
 * known. Asks by client order id, then the open orders, then the fills. It sends no create request, ever.
 * Rejects with `VenueUnavailable` when the venue cannot be asked; then nothing was concluded.
 */
export const settleOrders = (context: OrdersContext, policy: SettlePolicy): Settle => {
  const absences = new Map<string, Doubt>()
  const shortages = new Map<string, Doubt>()

  const doubtful = (doubts: Map<string, Doubt>, id: string): Doubt => {
    const doubt = doubts.get(id) ?? { since: context.now(), times: 0 }
    doubt.times += 1
    doubts.set(id, doubt)
    return doubt
  }

  const current = async (id: string): Promise<PlacedOrder | undefined> => (await context.streams.load(id))?.order

  /** An order placed elsewhere may be ended from there. */
  const endedUnasked = (venue: AccountVenue, order: PlacedOrder, venueStatus: string): void => {
    const { clientOrderId: orderId, accountName, tradingPair, external } = order.intent
    if (order.cancel !== 'none' || order.outcome !== 'accepted' || external !== undefined) return
    const finding = { kind: 'order', orderId, tradingPair, ours: statusOf(order), venue: venueStatus } as const
    context.drifts.found({ accountName, connectorName: venue.connectorName }, finding)
  }

  const conclude = async (venue: AccountVenue, id: string, state: VenueOrderState): Promise<void> => {
    const order = await current(id)
    if (order === undefined || isFinished(order)) return
    const cause = { actor: `venue:${venue.connectorName}` }
    switch (state.status) {
      case 'rejected':
        await context.streams.handle(id, { kind: 'reject', reason: 'The venue rejected the order' }, cause)
        return
      case 'cancelled':
      case 'expired': {
        if (new Exact(state.filledAmount).gt(order.filledAmount)) {
          const shortage = doubtful(shortages, id)
          if (context.now() - shortage.since < policy.missingFillsMs) return
        }
        shortages.delete(id)
        endedUnasked(venue, order, state.status)
        await context.streams.handle(
          id,
          {
            kind: 'confirm-cancel',
            reason: state.status === 'expired' ? 'Expired at the venue' : 'Cancelled at the venue',
          },
          cause,
        )
        context.balancesMoved(order.intent.accountName, order.intent.connectorName)
        return
      }
      case 'open':
        if (order.cancel !== 'none') await cancelAgain(venue, order)
        return
      case 'filled': {
        // Some venues do not say how much of a closed order is filled: that is no statement that nothing is.
        if (new Exact(state.filledAmount).isZero() || new Exact(state.filledAmount).gt(order.filledAmount)) return
        // A reduce-only order is taken down to what there is to reduce. Believed as slowly as a denial, for it may be stale.
        const shortage = doubtful(shortages, id)
        if (shortage.times < policy.absentTimes || context.now() - shortage.since < policy.absentGraceMs) return
        shortages.delete(id)
        const reason = 'The venue filled all it took of the order, which is less than was asked'
        await context.streams.handle(id, { kind: 'confirm-cancel', reason }, cause)
        context.balancesMoved(order.intent.accountName, order.intent.connectorName)
        return
      }
    }
  }

  /** A cancel creates nothing, so unlike a create it is safe to repeat. */
  const cancelAgain = async (venue: AccountVenue, order: PlacedOrder): Promise<void> => {
    const id = order.intent.clientOrderId
    const outcome = await venue.cancelOrder(nameAtVenue(order), order.intent.tradingPair)
    if (outcome.kind === 'rejected') {
      await context.streams.handle(
        id,
        { kind: 'refuse-cancel', reason: outcome.reason },
        { actor: `venue:${venue.connectorName}` },
      )
    } else context.attend(order.intent.accountName, order.intent.connectorName, [id])
  }

  const isBelieved = (accountName: string, denial: Doubt): boolean =>
    denial.times >= policy.absentTimes &&
    context.now() - denial.since >= policy.absentGraceMs &&
    context.now() >= context.silentFrom(accountName)

  const endAbsent = async (venue: AccountVenue, id: string): Promise<void> => {
    const fresh = await current(id)
    if (fresh === undefined || isFinished(fresh)) return
    absences.delete(id)
    const cause = { actor: `venue:${venue.connectorName}` }
    if (fresh.outcome === 'accepted') {
      endedUnasked(venue, fresh, 'absent')
      await context.streams.handle(id, { kind: 'confirm-cancel', reason: 'Order not found on exchange' }, cause)
    } else {
      const reason = 'Order not found on exchange: the request never reached it and was not repeated'
      await context.streams.handle(id, { kind: 'reject', reason }, cause)
    }
  }

  /** Reads the fills these orders lack: of each alone where they are few and the venue can, else from the list of the pair. */
  const takeLacking = async (
    venue: AccountVenue,
    accountName: string,
    pair: string,
    orders: readonly LiveOrder[],
    found: ReadonlyMap<string, VenueOrderState>,
  ): Promise<void> => {
    const listed = new Map<string, LiveOrder>()
    for (const live of orders) {
      const id = live.order.intent.clientOrderId
      const state = orders.length <= FEW_ORDERS ? found.get(id) : undefined
      const fills = state === undefined ? undefined : await venue.fillsOf(state.venueOrderId, pair)
      if (fills === undefined) listed.set(id, live)
      else await applyFills(context, { accountName, connectorName: venue.connectorName }, fills, (of) => of === id)
    }
    if (listed.size === 0) return
    const since = Math.min(...[...listed.values()].map(({ createdAt }) => createdAt))
    await takeFills(context, venue, accountName, pair, since, (id) => listed.has(id))
  }

  const settlePair = async (venue: AccountVenue, pair: string, orders: readonly LiveOrder[]): Promise<void> => {
    const open = new Map<string, VenueOrderState>()
    const accountName = orders[0]?.order.intent.accountName ?? ''
    const idOf = (state: VenueOrderState): string =>
      context.streams.clientOrderIdOf(accountName, venue.connectorName, pair, state.venueOrderId) ?? state.clientOrderId
    const listOpen = async (): Promise<void> => {
      for (const state of await venue.openOrders(pair)) open.set(idOf(state), state)
    }
    if (orders.length > FEW_ORDERS) await listOpen()
    const found = new Map<string, VenueOrderState>()
    const absent: LiveOrder[] = []
    await inParallel(orders, PARALLEL_LOOKUPS, async (live) => {
      const id = live.order.intent.clientOrderId
      const lookup = open.has(id) ? undefined : await venue.findOrder(nameAtVenue(live.order), pair)
      const state = open.get(id) ?? (lookup?.kind === 'found' ? lookup.order : undefined)
      if (lookup?.kind === 'unavailable') throw new OrderLookupFailed(lookup.reason)
      if (state === undefined) absent.push(live)
      else found.set(id, state)
    })
    if (absent.length > 0 && orders.length <= FEW_ORDERS) {
      await listOpen()
      for (const live of absent) {
        const state = open.get(live.order.intent.clientOrderId)
        if (state !== undefined) found.set(live.order.intent.clientOrderId, state)
      }
    }
    const denials = absent
      .map(({ order }) => order.intent.clientOrderId)
      .filter((id) => !found.has(id))
      .map((id) => ({ id, denial: doubtful(absences, id) }))
    const believed = denials.filter(({ denial }) => isBelieved(accountName, denial))
    // A busy account's list is long: it is read at the second denial, which no start waits for, and before one is believed.
    const incomplete = new Set([...denials.filter(({ denial }) => denial.times === 2), ...believed].map(({ id }) => id))
    for (const [id, state] of found) {
      absences.delete(id)
      if (state.status !== 'rejected') {
        await context.streams.handle(
          id,
          { kind: 'accept', venueOrderId: state.venueOrderId },
          { actor: `venue:${venue.connectorName}` },
        )
      }
      const order = await current(id)
      if (order !== undefined && new Exact(state.filledAmount).gt(order.filledAmount)) incomplete.add(id)
    }
    const lacking = orders.filter(({ order }) => incomplete.has(order.intent.clientOrderId))
    await takeLacking(venue, accountName, pair, lacking, found)
    for (const [id, state] of found) await conclude(venue, id, state)
    for (const { id } of believed) await endAbsent(venue, id)
  }

  const settle: Settle = async (venue, orders) => {
    const pairs = Map.groupBy(orders, ({ order }) => order.intent.tradingPair)
    for (const [pair, ofPair] of pairs) await settlePair(venue, pair, ofPair)
  }

  /** Comparisons under way, by order. */
  const underway = new Map<string, Promise<void>>()

  return async (venue, orders) => {
    const isUnderway = ({ order }: LiveOrder): boolean => underway.has(order.intent.clientOrderId)
    const joined = orders.filter(isUnderway)
    const waited = new Set(joined.map(({ order }) => underway.get(order.intent.clientOrderId)))
    const fresh = orders.filter((live) => !isUnderway(live))
    const comparing = settle(venue, fresh)
    for (const { order } of fresh) underway.set(order.intent.clientOrderId, comparing)
    const end = (): void => {
      for (const { order } of fresh) underway.delete(order.intent.clientOrderId)
    }
    await Promise.all([comparing.finally(end), ...waited])
    // They were asked for before this was called for: what has happened since is found by asking once more.
    for (const { order } of joined)
      context.attend(order.intent.accountName, venue.connectorName, [order.intent.clientOrderId])
  }
}

/** The venue could not be asked about an order: nothing is known, ask again later. */
export class OrderLookupFailed extends Error {
  override readonly name = 'OrderLookupFailed'
}
