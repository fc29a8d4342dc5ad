import type { AccountVenue, VenueFill } from '@colibri/exchange'
import { Exact } from '../decimal.ts'
import type { OrdersContext } from './orders-context.ts'
import { isComplete, recordFill } from './record-fill.ts'

const CLOCK_SLACK_MS = 60_000

/** Reads the venue's list of fills of a pair from a time on, and applies those of the account's orders that are `wanted`. */
export const takeFills = async (
  context: OrdersContext,
  venue: AccountVenue,
  accountName: string,
  tradingPair: string,
  since: number,
  wanted: (clientOrderId: string) => boolean,
): Promise<void> => {
  const fills = await venue.fills(tradingPair, since - CLOCK_SLACK_MS)
  await applyFills(context, { accountName, connectorName: venue.connectorName }, fills, wanted)
}

/** Applies those fills that are of the account's orders and `wanted`; what is new has escaped the stream. */
export const applyFills = async (
  context: OrdersContext,
  { accountName, connectorName }: { readonly accountName: string; readonly connectorName: string },
  fills: readonly VenueFill[],
  wanted: (clientOrderId: string) => boolean,
): Promise<void> => {
  for (const fill of fills) {
    const { tradingPair, tradeId } = fill
    const id =
      context.streams.clientOrderIdOf(accountName, connectorName, tradingPair, fill.venueOrderId) ?? fill.clientOrderId
    if (id === null || !wanted(id) || !isComplete(fill)) continue
    const before = await recordFill(context, { accountName, connectorName }, id, fill)
    if (before === undefined) continue
    const after = new Exact(before).plus(fill.amount).toFixed()
    const finding = { kind: 'fill', orderId: id, tradingPair, tradeId, ours: before, venue: after } as const
    context.drifts.found({ accountName, connectorName }, finding)
  }
}
