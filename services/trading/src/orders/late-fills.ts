import type { AccountVenue } from '@colibri/exchange'
import type { LiveOrder } from './order-streams.ts'
import type { OrdersContext } from './orders-context.ts'
import { takeFills } from './take-fills.ts'

/** An order that ended without being filled is looked for in the venue's fills so long: some are listed late. */
export const LATE_FILLS_MS = 10 * 60_000
/** Most are not that late: an order that has just ended is looked for at every comparison. */
const JUST_ENDED_MS = 60_000
/** The others so often. A busy account's list of ten minutes is long. */
const LOOK_BACK_EVERY_MS = 60_000

/**
 * Looks for fills of orders that have ended not long ago: a venue may list one only after it has called its order
 * cancelled, or has denied it, and the stream's message of it may be lost. One list of fills for each pair.
 */
export const lateFills = (context: OrdersContext, venue: AccountVenue, accountName: string): (() => Promise<void>) => {
  let lookedBack = 0

  const take = async (ended: readonly LiveOrder[]): Promise<void> => {
    for (const [pair, orders] of Map.groupBy(ended, ({ order }) => order.intent.tradingPair)) {
      const ids = new Set(orders.map(({ order }) => order.intent.clientOrderId))
      // An order may be days old when it ends; what it traded long before its end was told long before.
      const since = Math.min(
        ...orders.map(({ createdAt, touchedAt }) => Math.max(createdAt, touchedAt - JUST_ENDED_MS)),
      )
      await takeFills(context, venue, accountName, pair, since, (id) => ids.has(id))
    }
  }

  return async () => {
    const now = context.now()
    const lookBack = now - lookedBack >= LOOK_BACK_EVERY_MS
    const ended = context.streams
      .endedSince(now - (lookBack ? LATE_FILLS_MS : JUST_ENDED_MS))
      .filter(
        ({ order: { intent } }) => intent.accountName === accountName && intent.connectorName === venue.connectorName,
      )
    await take(ended)
    if (lookBack) lookedBack = now
  }
}
