import { type OrderEvent, orderEvents } from '@colibri/contracts'
import type { Decider, DomainEvent } from '@colibri/event-log'
import type { OrderName } from '@colibri/exchange'
import type { z } from 'zod'
import { Exact } from '../decimal.ts'

/** The status names of the REST contract. */
export type OrderStatus =
  | 'SUBMITTED'
  | 'OPEN'
  | 'PENDING_CANCEL'
  | 'PARTIALLY_FILLED'
  | 'FILLED'
  | 'CANCELLED'
  | 'FAILED'

export type OrderIntent = Readonly<z.infer<typeof orderEvents.OrderSubmitted>>
export type OrderFill = Readonly<z.infer<typeof orderEvents.OrderFilled>>

export interface PlacedOrder {
  readonly kind: 'placed'
  readonly intent: OrderIntent
  /** `pending`: nothing is known of the create request yet. `unknown`: it may or may not have reached the venue. */
  readonly outcome: 'pending' | 'unknown' | 'accepted' | 'rejected'
  readonly cancel: 'none' | 'requested' | 'unknown' | 'done'
  readonly venueOrderId: string | null
  readonly tradeIds: ReadonlySet<string>
  /** Base units, the exact sum of the fills. */
  readonly filledAmount: string
}

export type Order = { readonly kind: 'none' } | PlacedOrder

export type OrderCommand =
  | { readonly kind: 'submit'; readonly intent: OrderIntent }
  | { readonly kind: 'accept'; readonly venueOrderId: string }
  | { readonly kind: 'reject'; readonly reason: string }
  | { readonly kind: 'lose-outcome'; readonly reason: string }
  | { readonly kind: 'fill'; readonly fill: OrderFill }
  | { readonly kind: 'request-cancel' }
  | { readonly kind: 'refuse-cancel'; readonly reason: string }
  | { readonly kind: 'lose-cancel'; readonly reason: string }
  | { readonly kind: 'confirm-cancel'; readonly reason: string }

export class OrderExists extends Error {
  override readonly name = 'OrderExists'
}
export class OrderNotPlaced extends Error {
  override readonly name = 'OrderNotPlaced'
}
/** One intent, two orders at the venue: must never happen, and must never pass in silence. */
export class VenueOrderMismatch extends Error {
  override readonly name = 'VenueOrderMismatch'
}

/** What a status follows from; the read model keeps the same facts. */
export interface OrderProgress {
  /** Base units ordered. */
  readonly amount: string
  readonly filledAmount: string
  readonly outcome: PlacedOrder['outcome']
  readonly cancel: PlacedOrder['cancel']
}

/** Fills outrank everything, since they happened; then the venue's last word; then what was asked of it. */
export const statusFrom = ({ amount, filledAmount, outcome, cancel }: OrderProgress): OrderStatus => {
  if (new Exact(filledAmount).gte(amount)) return 'FILLED'
  if (outcome === 'rejected') return 'FAILED'
  if (cancel === 'done') return 'CANCELLED'
  if (cancel !== 'none') return 'PENDING_CANCEL'
  if (!new Exact(filledAmount).isZero()) return 'PARTIALLY_FILLED'
  return outcome === 'accepted' ? 'OPEN' : 'SUBMITTED'
}

export const statusOf = ({ intent, filledAmount, outcome, cancel }: PlacedOrder): OrderStatus =>
  statusFrom({ amount: intent.amount, filledAmount, outcome, cancel })

/** How the venue is asked about an order: one that was placed outside Colibri goes by the venue's own id. */
export const nameAtVenue = ({ intent }: PlacedOrder): OrderName =>
  intent.external === undefined ? intent.clientOrderId : { venueOrderId: intent.external.venueOrderId }

/** Finished orders are no longer asked for at the venue; a late fill still reaches them. */
export const isFinished = (order: PlacedOrder): boolean => {
  const status = statusOf(order)
  return status === 'FILLED' || status === 'FAILED' || status === 'CANCELLED'
}

/** Something was asked of the venue and its answer is not known. */
export const isUnresolved = (order: PlacedOrder): boolean =>
  (order.outcome === 'pending' || order.outcome === 'unknown' || order.cancel !== 'none') && !isFinished(order)

/** A recorded event of an order's stream, typed by its type. */
export const orderEventOf = (recorded: DomainEvent): OrderEvent => {
  if (!(recorded.type in orderEvents)) throw new TypeError(`${recorded.type} is not an event of an order`)
  return { type: recorded.type, data: recorded.data } as OrderEvent
}

const decidePlaced = (
  command: Exclude<OrderCommand, { kind: 'submit' }>,
  order: PlacedOrder,
): readonly OrderEvent[] => {
  switch (command.kind) {
    case 'accept':
      if (order.venueOrderId === command.venueOrderId) return []
      if (order.venueOrderId !== null) {
        throw new VenueOrderMismatch(
          `order ${order.intent.clientOrderId} is venue order ${order.venueOrderId}, the venue now says ${command.venueOrderId}`,
        )
      }
      return [{ type: 'OrderAccepted', data: { venueOrderId: command.venueOrderId } }]
    case 'reject':
      return order.outcome === 'pending' || order.outcome === 'unknown'
        ? [{ type: 'OrderRejected', data: { reason: command.reason } }]
        : []
    case 'lose-outcome':
      return order.outcome === 'pending' ? [{ type: 'OrderOutcomeUnknown', data: { reason: command.reason } }] : []
    case 'fill':
      return order.tradeIds.has(command.fill.tradeId) ? [] : [{ type: 'OrderFilled', data: command.fill }]
    case 'request-cancel':
      return isFinished(order) || order.cancel !== 'none' ? [] : [{ type: 'OrderCancelRequested', data: {} }]
    case 'refuse-cancel':
      return isFinished(order) || order.cancel === 'none'
        ? []
        : [{ type: 'OrderCancelRejected', data: { reason: command.reason } }]
    case 'lose-cancel':
      return isFinished(order) || order.cancel !== 'requested'
        ? []
        : [{ type: 'OrderCancelUnknown', data: { reason: command.reason } }]
    case 'confirm-cancel':
      return isFinished(order) ? [] : [{ type: 'OrderCancelled', data: { reason: command.reason } }]
  }
}

const evolvePlaced = (order: PlacedOrder, event: Exclude<OrderEvent, { type: 'OrderSubmitted' }>): PlacedOrder => {
  switch (event.type) {
    case 'OrderAccepted':
      return { ...order, outcome: 'accepted', venueOrderId: event.data.venueOrderId }
    case 'OrderRejected':
      // A fill proves that the order existed, whatever was said of it.
      return order.tradeIds.size > 0 ? order : { ...order, outcome: 'rejected' }
    case 'OrderOutcomeUnknown':
      return order.outcome === 'pending' ? { ...order, outcome: 'unknown' } : order
    case 'OrderFilled':
      if (order.tradeIds.has(event.data.tradeId)) return order
      return {
        ...order,
        outcome: 'accepted',
        tradeIds: new Set([...order.tradeIds, event.data.tradeId]),
        filledAmount: new Exact(order.filledAmount).plus(event.data.amount).toString(),
      }
    case 'OrderCancelRequested':
      return order.cancel === 'none' ? { ...order, cancel: 'requested' } : order
    case 'OrderCancelRejected':
      return order.cancel === 'done' ? order : { ...order, cancel: 'none' }
    case 'OrderCancelUnknown':
      return order.cancel === 'requested' ? { ...order, cancel: 'unknown' } : order
    case 'OrderCancelled':
      return { ...order, cancel: 'done' }
  }
}

/**
 * One order. Rules: a fill counts once per trade id and always counts, also after a cancel or a rejection; an unknown
 * outcome is a state that a later answer of the venue settles; what is already known decides nothing new.
 */
export const orderDecider: Decider<OrderCommand, Order, OrderEvent> = {
  initialState: { kind: 'none' },
  decide(command, order) {
    if (command.kind === 'submit') {
      if (order.kind === 'placed') throw new OrderExists(`order ${command.intent.clientOrderId} exists`)
      return [{ type: 'OrderSubmitted', data: command.intent }]
    }
    if (order.kind === 'none') throw new OrderNotPlaced(`cannot ${command.kind} an order that was never submitted`)
    return decidePlaced(command, order)
  },
  evolve(order, event) {
    if (event.type === 'OrderSubmitted') {
      if (order.kind === 'placed') return order
      return {
        kind: 'placed',
        intent: event.data,
        outcome: 'pending',
        cancel: 'none',
        venueOrderId: null,
        tradeIds: new Set(),
        filledAmount: '0',
      }
    }
    return order.kind === 'placed' ? evolvePlaced(order, event) : order
  },
}
