import { setTimeout as sleep } from 'node:timers/promises'
import {
  orderReply,
  placeOrderReply,
  type RebalanceEvent,
  type RebalanceOrder,
  rebalanceStream,
} from '@colibri/contracts'
import { DuplicateEvent, derivedEventId, type EventLog, type RecordedEvent } from '@colibri/event-log'
import { type Call, RpcError, runInContext } from '@colibri/service-kit'
import type { AskPrices } from '../state/market-prices.ts'
import type { PortfolioDeps } from '../state/portfolio-state.ts'
import { Exact } from '../state/valuation.ts'
import { guardsOf, largestOrder, rulesOf } from './prepare-rebalance.ts'
import { nextStep, type RunningRebalance, rebalanceOf } from './rebalance.ts'
import { sizeBuys } from './size-buys.ts'

export interface RunDeps extends Pick<PortfolioDeps, 'balances'> {
  readonly log: EventLog
  readonly call: Call
  readonly prices: AskPrices
  now(): number
  report(error: unknown, what: string): void
}

/** Longer than trading may need to hand an account over to another process. */
const PLACE_TIMEOUT_MS = 35_000
const ORDER_TIMEOUT_MS = 5_000
const LOOK_EVERY_MS = 200
const AGAIN_MS = 1_000
/** A plan that cannot go on for so long is given up: its prices are no longer those of the market. */
const PATIENCE_MS = 15 * 60_000
const ORDERS_PATIENCE_MS = 60_000

/** What could not be done now and may be done in a moment. */
class NotNow extends Error {
  override readonly name = 'NotNow'
}

interface Running {
  readonly deps: RunDeps
  readonly first: RecordedEvent
  readonly state: RunningRebalance
}

/** Records a step under an id of its own: a step that is repeated after a crash is recorded once. */
const record = async ({ deps, first, state }: Running, key: string, event: RebalanceEvent): Promise<void> => {
  const stream = rebalanceStream(state.planId)
  const { actor, correlationId } = first.metadata
  const metadata = { actor, correlationId, causationId: first.id, time: deps.now() }
  try {
    await deps.log.append(stream, [{ id: derivedEventId(stream, key, 0), schemaVersion: 1, metadata, ...event }], 'any')
  } catch (error) {
    if (!(error instanceof DuplicateEvent)) throw error
  }
}

const stop = (running: Running, reason: string): Promise<void> =>
  record(running, 'stopped', { type: 'RebalanceStopped', data: { reason } })

/** The order's key is the plan's id and its place in it: however often it is asked for, it is sent once. */
const place = async (running: Running, order: RebalanceOrder): Promise<'goes-on' | 'halted'> => {
  const { deps, state } = running
  const { index, accountName, tradingPair, tradeType, amount } = order
  const request = {
    accountName,
    connectorName: state.plan.connectorName,
    tradingPair,
    tradeType,
    orderType: 'MARKET',
    amount,
    price: null,
    positionAction: 'OPEN',
    idempotencyKey: `rebalance ${state.planId} ${index}`,
  }
  const reply = await deps.call('trading', 'place-order', request, placeOrderReply, PLACE_TIMEOUT_MS)
  switch (reply.kind) {
    case 'placed': {
      const data = { index, clientOrderId: reply.clientOrderId }
      await record(running, `placed ${index}`, { type: 'RebalanceOrderPlaced', data })
      return 'goes-on'
    }
    case 'refused':
      await record(running, `refused ${index}`, {
        type: 'RebalanceOrderRefused',
        data: { index, reason: reply.reason },
      })
      return 'goes-on'
    case 'halted':
      await settlePlaced(running)
      await stop(running, reply.reason)
      return 'halted'
    case 'again':
      throw new NotNow(reply.reason)
  }
}

/** What was sent before a halt is followed to its end for a while, so that the plan's end says what it did. */
const settlePlaced = async ({ deps, first, state: { planId } }: Running): Promise<void> => {
  const state = rebalanceOf(await deps.log.read(rebalanceStream(planId)))
  if (state === undefined) return
  const placed = [...state.progress].flatMap(([index, progress]) =>
    progress.kind === 'placed' ? [{ index, clientOrderId: progress.clientOrderId }] : [],
  )
  const deadline = deps.now() + ORDERS_PATIENCE_MS
  for (const order of placed)
    while (!(await settled({ deps, first, state }, order)) && deps.now() < deadline) await sleep(LOOK_EVERY_MS)
}

/** Whether an order is over; when it is, that is recorded. */
const settled = async (
  running: Running,
  { index, clientOrderId }: { readonly index: number; readonly clientOrderId: string },
): Promise<boolean> => {
  const { order } = await running.deps.call('trading', 'order', { clientOrderId }, orderReply, ORDER_TIMEOUT_MS)
  if (order === null || !order.finished) return false
  const data = { index, status: order.status, filledAmount: order.filledAmount }
  await record(running, `finished ${index}`, { type: 'RebalanceOrderFinished', data })
  return true
}

/** The buys with the money that the sells brought, account by account. */
const sizeAllBuys = async (running: Running): Promise<void> => {
  const { deps, state } = running
  const { plan } = state
  const { connectorName, quoteToken } = plan
  const planned = plan.orders.filter(({ tradeType }) => tradeType === 'BUY')
  const buyers = [...new Set(planned.map(({ accountName }) => accountName))]
  const pairs = [...new Set(planned.map(({ tradingPair }) => tradingPair))]
  const buys: RebalanceOrder[] = []
  const obstacles: RunningRebalance['plan']['obstacles'][number][] = []
  if (buyers.length > 0) {
    const [rules, guards, asked, { accounts }] = await Promise.all([
      rulesOf(deps.call, connectorName),
      guardsOf(deps.call),
      deps.prices(connectorName, pairs),
      deps.balances({ accountNames: buyers, connectorNames: [connectorName], refresh: true }),
    ])
    const prices = new Map([...asked].flatMap(([pair, price]) => (price === null ? [] : [[pair, price] as const])))
    for (const accountName of buyers) {
      const account = accounts.find((each) => each.accountName === accountName)
      if (account === undefined || account.error !== null)
        throw new NotNow(
          `the balances of '${accountName}' cannot be read: ${account?.error ?? 'it has no credentials'}`,
        )
      const quote = account.balances.find(({ token }) => token === quoteToken)
      const total = plan.accounts.find((each) => each.accountName === accountName)?.total ?? '0'
      const sized = sizeBuys(
        planned.filter((order) => order.accountName === accountName),
        {
          available: quote?.available ?? '0',
          locked: new Exact(quote?.total ?? 0).minus(quote?.available ?? 0).toFixed(),
          kept: new Exact(plan.weights[quoteToken] ?? 0).times(total).toFixed(),
        },
        {
          quoteToken,
          feeRate: plan.feeRate,
          reserve: plan.reserve,
          minOrderNotional: plan.minOrderNotional,
          maxOrderNotional: largestOrder(guards, accountName, quoteToken),
          rules,
          prices,
        },
      )
      buys.push(...sized.buys)
      obstacles.push(...sized.obstacles)
    }
  }
  await record(running, 'buys', { type: 'RebalanceBuysSized', data: { buys, obstacles } })
}

const advance = async (running: Running): Promise<'goes-on' | 'over'> => {
  const step = nextStep(running.state)
  switch (step.kind) {
    case 'nothing':
      return 'over'
    case 'place':
      for (const order of step.orders) if ((await place(running, order)) === 'halted') return 'over'
      return 'goes-on'
    case 'wait': {
      const over = await Promise.all(step.orders.map((order) => settled(running, order)))
      if (!over.some(Boolean)) await sleep(LOOK_EVERY_MS)
      return 'goes-on'
    }
    case 'size-buys':
      await sizeAllBuys(running)
      return 'goes-on'
    case 'complete':
      await record(running, 'completed', { type: 'RebalanceCompleted', data: {} })
      return 'over'
  }
}

const isPassing = (error: unknown): error is Error =>
  error instanceof NotNow || (error instanceof RpcError && (error.kind === 'unavailable' || error.kind === 'internal'))

/**
 * Carries a plan out from wherever it stands until it is over or the signal aborts. Everything is read from the log before
 * each step, so a crash at any place is followed by the same steps, and by no order twice.
 */
export const runRebalance = async (deps: RunDeps, planId: string, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    const events = await deps.log.read(rebalanceStream(planId))
    const [first] = events
    const state = rebalanceOf(events)
    if (first === undefined || state === undefined) return
    const running: Running = { deps, first, state }
    const { actor, correlationId } = first.metadata
    const outcome = await runInContext({ requestId: first.id, correlationId, actor }, () => advance(running)).catch(
      async (error: unknown) => {
        deps.report(error, `rebalancing ${planId}`)
        if (deps.now() - first.metadata.time < PATIENCE_MS && isPassing(error)) return 'again' as const
        const reason = error instanceof Error ? error.message : String(error)
        await stop(running, `The plan could not be carried out: ${reason}`)
        return 'over' as const
      },
    )
    if (outcome === 'over') return
    if (outcome === 'again') await sleep(AGAIN_MS, undefined, { signal }).catch(() => undefined)
  }
}
