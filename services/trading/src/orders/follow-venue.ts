import { setTimeout as sleep } from 'node:timers/promises'
import type { AccountUpdate, AccountVenue, VenueOrderState } from '@colibri/exchange'
import { Exact } from '../decimal.ts'
import { createNap } from '../nap.ts'
import { lateFills } from './late-fills.ts'
import { isFinished, isUnresolved } from './order.ts'
import type { LiveOrder } from './order-streams.ts'
import type { OrdersContext } from './orders-context.ts'
import { isComplete, recordFill } from './record-fill.ts'
import type { Settle } from './settle-orders.ts'

export interface FollowPolicy {
  /** Open orders are compared with the venue this often, whatever the stream says, and late fills looked for. */
  readonly pollMs: number
  /** Unresolved ones this often. */
  readonly resolveMs: number
  /** An order the stream has just spoken of is left alone, so that a poll does not race the stream. */
  readonly quietMs: number
  readonly longestBackOffMs: number
}

export const defaultFollowPolicy: FollowPolicy = {
  pollMs: 10_000,
  resolveMs: 500,
  quietMs: 500,
  longestBackOffMs: 15_000,
}

/** One account at one venue, watched by its stream and by polling alike. */
export interface Follower {
  /** Compare these orders with the venue at the next moment. */
  attend(clientOrderIds: readonly string[]): void
  /** Resolves when what is unresolved was compared with the venue once, the open rest is next; rejects when it cannot be asked. */
  recover(): Promise<void>
  stop(): Promise<void>
}

export const followVenue = (
  context: OrdersContext,
  settle: Settle,
  policy: FollowPolicy,
  accountName: string,
  venue: AccountVenue,
): Follower => {
  const stopping = new AbortController()
  const { signal } = stopping
  const { connectorName } = venue
  const place = { accountName, connectorName }
  const attended = new Set<string>()
  const nap = createNap()
  let lastPoll = 0
  // What is late is looked for once the rest is known.
  let lastLate = context.now()

  const takeLateFills = lateFills(context, venue, accountName)

  const mine = (): readonly LiveOrder[] =>
    context.streams
      .live()
      .filter(
        ({ order: { intent } }) =>
          intent.accountName === accountName &&
          intent.connectorName === connectorName &&
          !context.underway.has(intent.clientOrderId),
      )

  const attend = (ids: readonly string[]): void => {
    for (const id of ids) attended.add(id)
    nap.wake()
  }
  const attendAll = (): void => attend(mine().map(({ order }) => order.intent.clientOrderId))

  const due = (): readonly LiveOrder[] => {
    const now = context.now()
    const poll = now - lastPoll >= policy.pollMs
    if (poll) lastPoll = now
    return mine().filter(
      ({ order, touchedAt }) =>
        attended.has(order.intent.clientOrderId) ||
        (now - touchedAt >= policy.quietMs && (poll || isUnresolved(order))),
    )
  }

  /** The order here behind an order at the venue; undefined when it was placed elsewhere, or cannot be told yet. */
  const idHere = async (
    tradingPair: string,
    venueOrderId: string,
    said: string | null,
  ): Promise<string | undefined> => {
    const id = context.streams.clientOrderIdOf(accountName, connectorName, tradingPair, venueOrderId) ?? said
    const known = id === null || id === '' ? undefined : await context.streams.load(id)
    const { intent } = known?.order ?? {}
    return intent?.accountName === accountName && intent.connectorName === connectorName
      ? intent.clientOrderId
      : undefined
  }

  const takeOrder = async (state: VenueOrderState): Promise<void> => {
    const id = await idHere(state.tradingPair, state.venueOrderId, state.clientOrderId)
    if (id === undefined) return context.drifts.stranger(place, state.tradingPair, state.venueOrderId)
    if (state.status !== 'open') context.drifts.told(place, { kind: 'order', orderId: id })
    const cause = { actor: `venue:${connectorName}` }
    if (state.status === 'rejected') {
      await context.streams.handle(id, { kind: 'reject', reason: 'The venue rejected the order' }, cause)
      return
    }
    const { order } = await context.streams.handle(id, { kind: 'accept', venueOrderId: state.venueOrderId }, cause)
    const complete = new Exact(order.filledAmount).gte(state.filledAmount)
    if (state.status === 'cancelled' || state.status === 'expired') {
      if (!complete) return attend([id])
      const reason = state.status === 'expired' ? 'Expired at the venue' : 'Cancelled at the venue'
      await context.streams.handle(id, { kind: 'confirm-cancel', reason }, cause)
      context.balancesMoved(accountName, connectorName)
    } else if (state.status === 'filled' && !isFinished(order)) attend([id])
  }

  const take = async (update: AccountUpdate): Promise<void> => {
    switch (update.kind) {
      case 'gap':
        context.drifts.gap(place)
        return attendAll()
      case 'order':
        return takeOrder(update.order)
      case 'fill': {
        const { fill } = update
        const id = await idHere(fill.tradingPair, fill.venueOrderId, fill.clientOrderId)
        if (id === undefined) {
          if (fill.venueOrderId !== '') context.drifts.stranger(place, fill.tradingPair, fill.venueOrderId)
          return fill.clientOrderId === null ? attendAll() : undefined
        }
        if (!isComplete(fill)) return attendAll()
        context.drifts.told(place, { kind: 'fill', orderId: id, tradeId: fill.tradeId })
        await recordFill(context, place, id, fill)
        return
      }
    }
  }

  const listen = async (): Promise<void> => {
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      try {
        for await (const update of venue.updates(signal)) {
          attempt = 0
          // What could not be recorded now is found again by comparing.
          await take(update).catch((error: unknown) => {
            context.report(error, `recording an update of ${connectorName}`)
            attendAll()
          })
        }
      } catch (error) {
        if (!signal.aborted) context.report(error, `the stream of ${connectorName}`)
      }
      if (!signal.aborted) await pause(backOff(attempt))
    }
  }

  const backOff = (attempt: number): number =>
    Math.min(policy.longestBackOffMs, 250 * 2 ** Math.min(attempt, 10)) * (0.5 + Math.random() / 2)

  /** What was held up by a pause of the venue goes on as soon as the pause ends. */
  const untilNext = (failures: number): number => {
    const paused = venue.pause()
    if (paused === null) return backOff(failures)
    return Math.min(policy.longestBackOffMs, Math.max(0, paused.until - context.now()) + 250 * Math.random())
  }

  const pause = async (milliseconds: number): Promise<void> => {
    await sleep(milliseconds, undefined, { signal }).catch(() => undefined)
  }

  const resolve = async (): Promise<void> => {
    let failures = 0
    while (!signal.aborted) {
      const orders = due()
      const asked = [...attended]
      attended.clear()
      try {
        if (orders.length > 0) await settle(venue, orders)
        if (context.now() - lastLate >= policy.pollMs) {
          await takeLateFills()
          lastLate = context.now()
        }
        failures = 0
      } catch (error) {
        for (const id of asked) attended.add(id)
        failures += 1
        context.report(error, `comparing orders with ${connectorName}`)
      }
      if (failures > 0) await pause(untilNext(failures))
      else if (attended.size > 0) await pause(policy.quietMs / 4)
      else await nap.rest(policy.resolveMs, signal)
    }
  }

  const connecting = async (): Promise<void> => {
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      try {
        return await venue.connect()
      } catch (error) {
        context.report(error, `connecting to ${connectorName}`)
        await pause(backOff(attempt))
      }
    }
  }

  const running = Promise.all([connecting(), listen(), resolve()])

  return {
    attend,
    recover: async () => {
      const { unresolved = [], open = [] } = Object.groupBy(mine(), ({ order }) =>
        isUnresolved(order) ? 'unresolved' : 'open',
      )
      attend(open.map(({ order }) => order.intent.clientOrderId))
      if (unresolved.length > 0) await settle(venue, unresolved)
    },
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}
