import type { AccountVenue } from '@colibri/exchange'
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
  wanted: (clientOrderId: string) => boolean = () => true,
): Promise<void> => {
  const { connectorName } = venue
  for (const fill of await venue.fills(tradingPair, since - CLOCK_SLACK_MS)) {
    const id = fill.clientOrderId ?? context.streams.clientOrderIdOf(accountName, connectorName, fill.venueOrderId)
    if (id === undefined || !wanted(id) || !isComplete(fill)) continue
    await recordFill(context, { accountName, connectorName }, id, fill)
  }
}
