import { createHash } from 'node:crypto'
import type { VenueOrderState } from '@colibri/exchange'
import type { OrderIntent } from '../orders/order.ts'
import type { Place } from './drift-watch.ts'

/** What the ids of orders begin with that were placed outside Colibri: the contract has no other field to say so. */
export const EXTERNAL = 'external-'

/**
 * The id here of an order that was placed outside Colibri: the same one for ever. Venues give an order id once for each
 * pair, so account, connector and pair are in it.
 */
export const externalOrderId = ({ accountName, connectorName }: Place, tradingPair: string, venueOrderId: string) => {
  const name = [connectorName, accountName, tradingPair, venueOrderId].join('\n')
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 12)
  return `${EXTERNAL}${venueOrderId.replaceAll(/[^A-Za-z0-9_-]/g, '_')}-${hash}`
}

/** The order as if it had been placed here; undefined where the venue leaves out what it asks for. */
export const externalIntent = (place: Place, state: VenueOrderState): OrderIntent | undefined => {
  const { terms, tradingPair, venueOrderId } = state
  if (terms === null) return undefined
  return {
    ...place,
    clientOrderId: externalOrderId(place, tradingPair, venueOrderId),
    tradingPair,
    tradeType: terms.tradeType,
    orderType: terms.orderType,
    amount: terms.amount,
    price: terms.price,
    positionAction: terms.positionAction,
    requestedAmount: terms.amount,
    requestedPrice: terms.price,
    external: {
      venueOrderId,
      clientOrderId: state.clientOrderId === '' ? null : state.clientOrderId,
      placedAt: terms.placedAt,
    },
  }
}

/** In one line, for people: `BUY 0.01 LIMIT at 1000, open`. */
export const describeOrder = ({ terms, status, filledAmount }: VenueOrderState): string => {
  if (terms === null) return status
  const at = terms.price === null ? '' : ` at ${terms.price}`
  return `${terms.tradeType} ${terms.amount} ${terms.orderType}${at}, ${status}, ${filledAmount} filled`
}
