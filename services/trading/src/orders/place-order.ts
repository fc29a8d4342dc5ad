import { DuplicateEvent, derivedEventId, randomEventId, VersionConflict } from '@colibri/event-log'
import { type AccountVenue, type CreateOutcome, connectorOf, type VenueOrder, type VenuePause } from '@colibri/exchange'
import { Exact } from '../decimal.ts'
import type { OrderGuards } from '../guards/guards.ts'
import type { TradingRules } from '../rules/trading-rules.ts'
import { checkOrder, missingPrice, type OrderRequest } from './check-order.ts'
import { type IdSubject, keyedClientOrderId } from './client-order-id.ts'
import type { MarketSnapshot } from './market-snapshots.ts'
import type { OrderCommand, OrderIntent } from './order.ts'
import type { RequestCause } from './order-streams.ts'
import type { OrdersContext } from './orders-context.ts'

export interface PlaceOrderDeps extends OrdersContext {
  readonly rules: TradingRules
  readonly guards: OrderGuards
  newClientOrderId(subject: IdSubject): string
  /** What is known of a market at this moment, for the record; null when nothing is. */
  market(connectorName: string, tradingPair: string): MarketSnapshot | null
  background(name: string, work: Promise<unknown>): void
  /** The longest a reply waits for a venue. */
  readonly replyMs: number
}

export type Placed =
  | { readonly kind: 'placed'; readonly intent: OrderIntent }
  | { readonly kind: 'unknown-account' }
  | { readonly kind: 'unknown-connector' }
  | { readonly kind: 'no-credentials' }
  | { readonly kind: 'unreadable-credentials' }
  | { readonly kind: 'rules-not-loaded' }
  | { readonly kind: 'venue-paused'; readonly pause: VenuePause }
  | { readonly kind: 'refused'; readonly detail: string }
  | { readonly kind: 'halted'; readonly detail: string }
  | { readonly kind: 'key-reused' }

type Sendable = { readonly venue: AccountVenue; readonly intent: OrderIntent }

const settledBy = (outcome: CreateOutcome): Exclude<OrderCommand, { kind: 'submit' }> => {
  switch (outcome.kind) {
    case 'accepted':
      return { kind: 'accept', venueOrderId: outcome.venueOrderId }
    case 'rejected':
      return { kind: 'reject', reason: outcome.reason }
    case 'unknown':
      return { kind: 'lose-outcome', reason: outcome.reason }
  }
}

const sameNumber = (left: string | null, right: string | null): boolean =>
  left === null || right === null ? left === right : new Exact(left).eq(right)

const asksTheSame = (intent: OrderIntent, request: OrderRequest): boolean =>
  intent.accountName === request.accountName &&
  intent.connectorName === request.connectorName &&
  intent.tradingPair === request.tradingPair &&
  intent.tradeType === request.tradeType &&
  intent.orderType === request.orderType &&
  intent.positionAction === request.positionAction &&
  sameNumber(intent.requestedAmount, request.amount) &&
  sameNumber(intent.requestedPrice, request.price)

/**
 * Intent, then venue, then outcome: the intent is durable before the one create request leaves, and whatever happens
 * afterwards the request is not repeated. Answers when the venue has, or after `replyMs`, with the outcome still being
 * worked on.
 */
export const placeOrder =
  (deps: PlaceOrderDeps) =>
  async (request: OrderRequest, cause: RequestCause, idempotencyKey: string | undefined): Promise<Placed> => {
    const access = await deps.venues.access(request.accountName, request.connectorName)
    if (access.kind !== 'open') return { kind: access.kind }

    const key = idempotencyKey === undefined ? undefined : keyed(request, idempotencyKey)
    if (key !== undefined) {
      const earlier = await deps.streams.load(key.clientOrderId)
      if (earlier !== undefined) return repeated(earlier.order.intent, request)
    }

    // A venue that hears nobody refuses no order: nothing is stored, and the client knows when to come again.
    const pause = access.venue.pause()
    if (pause !== null) return { kind: 'venue-paused', pause }

    const checked = await check(deps, request)
    if (checked.kind !== 'valid') return checked
    const intent: OrderIntent = {
      clientOrderId: key?.clientOrderId ?? deps.newClientOrderId(request),
      accountName: request.accountName,
      connectorName: request.connectorName,
      tradingPair: request.tradingPair,
      tradeType: request.tradeType,
      orderType: request.orderType,
      amount: checked.amount,
      price: checked.price,
      positionAction: request.positionAction,
      requestedAmount: request.amount,
      requestedPrice: request.price,
      market: deps.market(request.connectorName, request.tradingPair),
    }

    const admission = await deps.guards.admit(intent, checked.marketPrice)
    if (admission.kind === 'limited') return { kind: 'refused', detail: admission.detail }
    if (admission.kind === 'halted') return admission

    deps.failpoint('order-checked')
    // Under one key two requests may race: only the one that came first may call its order not under way.
    const first = !deps.underway.has(intent.clientOrderId)
    deps.underway.add(intent.clientOrderId)
    try {
      await deps.streams.submit(intent, key?.eventId ?? randomEventId(), cause)
    } catch (error) {
      if (first) deps.underway.delete(intent.clientOrderId)
      if (key === undefined || !(error instanceof DuplicateEvent || error instanceof VersionConflict)) throw error
      const earlier = await deps.streams.load(key.clientOrderId)
      return earlier === undefined ? { kind: 'key-reused' } : repeated(earlier.order.intent, request)
    } finally {
      admission.end()
    }
    deps.failpoint('order-stored')

    const { answered, stored } = send(deps, { venue: access.venue, intent })
    deps.background(`outcome of order ${intent.clientOrderId}`, stored)
    await settledWithin(deps.replyMs, answered)
    return { kind: 'placed', intent }
  }

/**
 * The event id comes from account and key alone, and the log takes an event id once: the same key with another market
 * or side would have another order id, and is refused all the same.
 */
const keyed = (request: OrderRequest, idempotencyKey: string) => ({
  clientOrderId: keyedClientOrderId(connectorOf(request.connectorName).clientOrderId, request, idempotencyKey),
  eventId: derivedEventId(`idempotency-${request.accountName}`, idempotencyKey, 0),
})

const repeated = (intent: OrderIntent, request: OrderRequest): Placed =>
  asksTheSame(intent, request) ? { kind: 'placed', intent } : { kind: 'key-reused' }

const check = async (deps: PlaceOrderDeps, request: OrderRequest) => {
  const withoutPrice = missingPrice(request)
  if (withoutPrice?.kind === 'refused') return withoutPrice
  const rules = await deps.rules.of(request.connectorName)
  if (rules === undefined) return { kind: 'rules-not-loaded' } as const
  const known = rules.rules.has(request.tradingPair)
  const marketPrice =
    request.orderType === 'MARKET' && known ? await deps.rules.price(request.connectorName, request.tradingPair) : null
  const checked = checkOrder(request, rules, marketPrice)
  return checked.kind === 'valid' ? { ...checked, marketPrice } : checked
}

/** Trading was halted between the intent and its request. */
const HALTED: CreateOutcome = { kind: 'rejected', reason: 'not sent: trading is halted' }

const orderOf = (intent: OrderIntent): VenueOrder => ({
  clientOrderId: intent.clientOrderId,
  tradingPair: intent.tradingPair,
  tradeType: intent.tradeType,
  orderType: intent.orderType,
  amount: intent.amount,
  price: intent.price,
  positionAction: intent.positionAction,
})

interface Sent {
  /** When the venue answered, or nobody will know whether it did. */
  readonly answered: Promise<unknown>
  /** When that is stored. `streams.stored()` waits for it as soon as `answered` has resolved. */
  readonly stored: Promise<void>
}

/** The one place a create request is sent from. */
const send = (deps: PlaceOrderDeps, { venue, intent }: Sendable): Sent => {
  const request = deps.guards.enter(intent.accountName)
  const answered =
    request === undefined ? Promise.resolve(HALTED) : venue.createOrder(orderOf(intent)).finally(() => request.end())
  return {
    answered,
    stored: answered
      .then((outcome) => store(deps, intent, outcome))
      .finally(() => {
        // An outcome that could not be stored is asked for again at the venue.
        deps.underway.delete(intent.clientOrderId)
      }),
  }
}

const store = async (deps: PlaceOrderDeps, intent: OrderIntent, outcome: CreateOutcome): Promise<void> => {
  const { clientOrderId, accountName, connectorName } = intent
  deps.failpoint('order-sent')
  if (outcome.kind === 'accepted') deps.balancesMoved(accountName, connectorName)
  const { order } = await deps.streams.handle(clientOrderId, settledBy(outcome), { actor: `venue:${connectorName}` })
  deps.failpoint('outcome-stored')
  if (outcome.kind === 'unknown' || order.cancel !== 'none') deps.attend(accountName, connectorName, [clientOrderId])
}

/** A failed outcome is reported by the background; the intent is stored, which is what the reply acknowledges. */
const settledWithin = async (milliseconds: number, outcome: Promise<unknown>): Promise<void> => {
  const { promise: late, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, milliseconds)
  try {
    await Promise.race([outcome.catch(() => undefined), late])
  } finally {
    clearTimeout(timer)
  }
}
