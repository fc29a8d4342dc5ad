import { setTimeout as sleep } from 'node:timers/promises'
import type { GuardScope } from '@colibri/contracts'
import { Exact } from '../decimal.ts'
import type { Cancelled, CancelOrder } from '../orders/cancel-order.ts'
import type { OrderRequest } from '../orders/check-order.ts'
import type { Cause, LiveOrder } from '../orders/order-streams.ts'
import type { Placed } from '../orders/place-order.ts'
import type { AccountPosition, Positions } from '../positions/positions.ts'
import type { TradingGuards } from './guards.ts'

export interface LadderDeps {
  readonly guards: TradingGuards
  readonly positions: Positions
  live(): readonly LiveOrder[]
  cancel(request: CancelOrder, cause: Required<Cause>): Promise<Cancelled>
  /** Places past the guards: the orders that close what is to be flat. */
  place(request: OrderRequest, cause: Required<Cause>, idempotencyKey: string): Promise<Placed>
  report(error: unknown, what: string): void
}

/** Longer than a venue may take to answer a create. */
const DRAIN_MS = 15_000
/** How long each step waits for the venue to do what it was asked. */
const STEP_MS = 30_000
const LOOK_EVERY_MS = 250
/** A venue that is asked for everything at once holds most of it back, and then has to be asked what became of each. */
const CANCELS_AT_ONCE = 10

const covers = (scope: GuardScope, accountName: string): boolean =>
  scope.kind === 'portfolio' || scope.accountName === accountName

const until = async (done: () => Promise<boolean>, deadline = Date.now() + STEP_MS): Promise<void> => {
  while (!(await done()) && Date.now() < deadline) await sleep(LOOK_EVERY_MS)
}

/**
 * Goes down the ladder of a halt: pause, cancel, flatten. Every step may be repeated, so that a crash on the way is
 * followed by the same ladder again; an order that closes a position is keyed by the halt and what it closes.
 */
export const runLadder = async (deps: LadderDeps, scope: GuardScope): Promise<void> => {
  const { halt } = deps.guards.of(scope)
  if (halt.kind !== 'halting') return
  const cause = { actor: 'guard', correlationId: halt.id, causationId: halt.id }
  const open = (): readonly LiveOrder[] => deps.live().filter(({ order }) => covers(scope, order.intent.accountName))

  const cancelOne = async ({ order: { intent } }: LiveOrder): Promise<void> => {
    await deps
      .cancel({ clientOrderId: intent.clientOrderId }, cause)
      .catch((error: unknown) => deps.report(error, `cancelling ${intent.clientOrderId} for a halt`))
  }

  const cancelAll = async (): Promise<void> => {
    const deadline = Date.now() + STEP_MS
    const waiting = [...open()]
    const inTurn = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined && Date.now() < deadline; next = waiting.shift()) {
        await cancelOne(next)
      }
    }
    await Promise.all(Array.from({ length: CANCELS_AT_ONCE }, inTurn))
    await until(async () => open().length === 0, deadline)
  }

  const held = (): Promise<AccountPosition[]> =>
    deps.positions.list(scope.kind === 'account' ? [scope.accountName] : null, null)

  const flatten = async (): Promise<void> => {
    await until(async () => {
      const positions = await held()
      for (const position of positions) await close(position)
      return positions.length === 0
    })
  }

  const close = async ({ accountName, connectorName, tradingPair, side, amount }: AccountPosition): Promise<void> => {
    const size = new Exact(amount)
    const request: OrderRequest = {
      accountName,
      connectorName,
      tradingPair,
      tradeType: size.isNegative() ? 'BUY' : 'SELL',
      orderType: 'MARKET',
      amount: size.abs().toFixed(),
      price: null,
      positionAction: 'CLOSE',
    }
    const key = `flatten ${halt.id} ${connectorName} ${tradingPair} ${side} ${amount}`
    try {
      const placed = await deps.place(request, cause, key)
      if (placed.kind === 'refused') throw new Error(placed.detail)
    } catch (error) {
      deps.report(error, `closing ${tradingPair} on ${connectorName} for a halt`)
    }
  }

  await deps.guards.drained(scope, DRAIN_MS)
  if (halt.ladder !== 'pause') await cancelAll()
  if (halt.ladder === 'flatten') await flatten()
  const positions = halt.ladder === 'flatten' ? (await held()).length : 0
  await deps.guards.halted(scope, halt.id, { orders: halt.ladder === 'pause' ? 0 : open().length, positions })
}
