import { setTimeout as sleep } from 'node:timers/promises'
import type { UpdateQueue } from './update-queue.ts'
import type { OrderLookup, VenueFill, VenueOrderState } from './venue.ts'

export interface PolledAccount {
  openOrders(): Promise<readonly VenueOrderState[]>
  fills(tradingPair: string, since: number): Promise<readonly VenueFill[]>
  findOrder(clientOrderId: string, tradingPair: string): Promise<OrderLookup>
}

const pollMs = 2_000
/** Trades are asked for a little longer ago than the last poll: venues show them late. */
const overlapMs = 60_000

const changed = (before: VenueOrderState | undefined, now: VenueOrderState): boolean =>
  before === undefined || before.status !== now.status || before.filledAmount !== now.filledAmount

/** Open orders that changed, and the end of those that are open no more. */
const orderPoll = (account: PolledAccount, queue: UpdateQueue) => {
  let known = new Map<string, VenueOrderState>()
  return async (): Promise<void> => {
    const open = new Map((await account.openOrders()).map((order) => [order.venueOrderId, order]))
    for (const order of open.values()) {
      if (changed(known.get(order.venueOrderId), order)) queue.push({ kind: 'order', order })
    }
    for (const gone of known.values()) {
      if (open.has(gone.venueOrderId)) continue
      const lookup = await account.findOrder(gone.clientOrderId, gone.tradingPair)
      if (lookup.kind === 'found') queue.push({ kind: 'order', order: lookup.order })
      if (lookup.kind === 'unavailable') open.set(gone.venueOrderId, gone)
    }
    known = open
  }
}

/** Trades of every pair that has had an open order. */
const fillPoll = (account: PolledAccount, queue: UpdateQueue) => {
  const pairs = new Set<string>()
  const seen = new Set<string>()
  let since = Date.now() - overlapMs
  return async (): Promise<void> => {
    const startedAt = Date.now()
    for (const order of await account.openOrders()) pairs.add(order.tradingPair)
    for (const pair of pairs) {
      for (const fill of await account.fills(pair, since)) {
        const key = `${pair} ${fill.tradeId}`
        if (seen.has(key)) continue
        seen.add(key)
        queue.push({ kind: 'fill', fill })
      }
    }
    since = startedAt - overlapMs
  }
}

/** Polls until the signal aborts. Says `gap` once at the start and after each round that failed. */
export const pollAccount = async (
  account: PolledAccount,
  what: 'orders' | 'fills',
  queue: UpdateQueue,
  signal: AbortSignal,
): Promise<void> => {
  const poll = what === 'orders' ? orderPoll(account, queue) : fillPoll(account, queue)
  queue.push({ kind: 'gap' })
  while (!signal.aborted) {
    try {
      await poll()
    } catch {
      queue.push({ kind: 'gap' })
    }
    await sleep(pollMs * (0.75 + Math.random() / 2), undefined, { signal }).catch(() => undefined)
  }
}
