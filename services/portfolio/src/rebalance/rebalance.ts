import {
  type RebalanceEvent,
  type RebalanceObstacle,
  type RebalanceOrder,
  type RebalancePlan,
  rebalanceEvents,
} from '@colibri/contracts'
import type { DomainEvent } from '@colibri/event-log'

/** What has become of one order of a plan. */
export type OrderProgress =
  | { readonly kind: 'planned' }
  | { readonly kind: 'placed'; readonly clientOrderId: string }
  | { readonly kind: 'refused'; readonly reason: string }
  | {
      readonly kind: 'finished'
      readonly clientOrderId: string
      readonly status: string
      readonly filledAmount: string
    }

export interface RunningRebalance {
  readonly planId: string
  readonly request: string
  readonly plan: RebalancePlan
  /** By index. */
  readonly progress: ReadonlyMap<number, OrderProgress>
  /** The buys as they are really made; null while the sells are under way. */
  readonly sized: { readonly buys: readonly RebalanceOrder[]; readonly obstacles: readonly RebalanceObstacle[] } | null
  readonly end:
    | { readonly kind: 'none' }
    | { readonly kind: 'completed' }
    | { readonly kind: 'stopped'; readonly reason: string }
}

export const rebalanceEventOf = ({ type, data }: DomainEvent): RebalanceEvent => {
  switch (type) {
    case 'RebalancePlanned':
      return { type, data: rebalanceEvents.RebalancePlanned.parse(data) }
    case 'RebalanceBuysSized':
      return { type, data: rebalanceEvents.RebalanceBuysSized.parse(data) }
    case 'RebalanceOrderPlaced':
      return { type, data: rebalanceEvents.RebalanceOrderPlaced.parse(data) }
    case 'RebalanceOrderRefused':
      return { type, data: rebalanceEvents.RebalanceOrderRefused.parse(data) }
    case 'RebalanceOrderFinished':
      return { type, data: rebalanceEvents.RebalanceOrderFinished.parse(data) }
    case 'RebalanceCompleted':
      return { type, data: rebalanceEvents.RebalanceCompleted.parse(data) }
    case 'RebalanceStopped':
      return { type, data: rebalanceEvents.RebalanceStopped.parse(data) }
    default:
      throw new TypeError(`${type} is no event of a rebalance`)
  }
}

const evolve = (
  state: RunningRebalance,
  event: Exclude<RebalanceEvent, { type: 'RebalancePlanned' }>,
): RunningRebalance => {
  const progressed = (index: number, progress: OrderProgress): RunningRebalance => ({
    ...state,
    progress: new Map(state.progress).set(index, progress),
  })
  switch (event.type) {
    case 'RebalanceBuysSized':
      return { ...state, sized: event.data }
    case 'RebalanceOrderPlaced':
      return progressed(event.data.index, { kind: 'placed', clientOrderId: event.data.clientOrderId })
    case 'RebalanceOrderRefused':
      return progressed(event.data.index, { kind: 'refused', reason: event.data.reason })
    case 'RebalanceOrderFinished': {
      const { index, status, filledAmount } = event.data
      const before = state.progress.get(index)
      return before?.kind === 'placed'
        ? progressed(index, { kind: 'finished', clientOrderId: before.clientOrderId, status, filledAmount })
        : state
    }
    case 'RebalanceCompleted':
      return { ...state, end: { kind: 'completed' } }
    case 'RebalanceStopped':
      return { ...state, end: { kind: 'stopped', reason: event.data.reason } }
  }
}

/** A plan and how far it has come; undefined for an empty stream. */
export const rebalanceOf = (events: readonly DomainEvent[]): RunningRebalance | undefined => {
  const [first, ...rest] = events.map(rebalanceEventOf)
  if (first?.type !== 'RebalancePlanned') return undefined
  const { planId, plan, request } = first.data
  const start: RunningRebalance = { planId, plan, request, progress: new Map(), sized: null, end: { kind: 'none' } }
  return rest.reduce((state, event) => (event.type === 'RebalancePlanned' ? state : evolve(state, event)), start)
}

/** What is to be done next. */
export type NextStep =
  | { readonly kind: 'place'; readonly orders: readonly RebalanceOrder[] }
  | { readonly kind: 'wait'; readonly orders: readonly { readonly index: number; readonly clientOrderId: string }[] }
  | { readonly kind: 'size-buys' }
  | { readonly kind: 'complete' }
  | { readonly kind: 'nothing' }

const isOver = (progress: OrderProgress | undefined): boolean =>
  progress?.kind === 'finished' || progress?.kind === 'refused'

/** Sells first, all of them to their end; then the buys, as large as what came allows. */
export const nextStep = ({ plan, progress, sized, end }: RunningRebalance): NextStep => {
  if (end.kind !== 'none') return { kind: 'nothing' }
  const current = sized === null ? plan.orders.filter(({ tradeType }) => tradeType === 'SELL') : sized.buys
  const unplaced = current.filter(({ index }) => !progress.has(index))
  if (unplaced.length > 0) return { kind: 'place', orders: unplaced }
  if (!current.every(({ index }) => isOver(progress.get(index)))) {
    const orders = current.flatMap(({ index }) => {
      const known = progress.get(index)
      return known?.kind === 'placed' ? [{ index, clientOrderId: known.clientOrderId }] : []
    })
    return { kind: 'wait', orders }
  }
  return sized === null ? { kind: 'size-buys' } : { kind: 'complete' }
}
