import type { VenueFill } from '@colibri/exchange'
import { Exact } from '../decimal.ts'
import type { OrderFill } from './order.ts'
import type { OrdersContext } from './orders-context.ts'

/** The fee in the pair's quote token: as it is, by the fill's own price, or by a market price; null when there is none. */
const feeInQuote = async (context: OrdersContext, connectorName: string, fill: VenueFill): Promise<string | null> => {
  const [base = '', quote = ''] = fill.tradingPair.split('-')
  const fee = new Exact(fill.feeAmount)
  if (fee.isZero()) return '0'
  if (fill.feeCurrency === quote) return fill.feeAmount
  if (fill.feeCurrency === base) return fee.times(fill.price).toString()
  const price = await context.valueIn(connectorName, fill.feeCurrency, quote)
  return price === null ? null : fee.times(price).toString()
}

/** Some streams tell of a trade before its fee is known: such a fill is taken from the venue's trade list instead. */
export const isComplete = (fill: VenueFill): boolean => fill.feeCurrency !== '' || new Exact(fill.feeAmount).isZero()

/**
 * Applies a fill to its order, once per trade id, whichever way and however often it arrives. An order of another account
 * or connector is left alone: client order ids are only told apart there. Gives what was filled before when the fill is new.
 */
export const recordFill = async (
  context: OrdersContext,
  { accountName, connectorName }: { readonly accountName: string; readonly connectorName: string },
  clientOrderId: string,
  fill: VenueFill,
): Promise<string | undefined> => {
  const known = await context.streams.load(clientOrderId)
  if (known?.order.intent.accountName !== accountName || known.order.intent.connectorName !== connectorName)
    return undefined
  if (known.order.tradeIds.has(fill.tradeId)) return undefined
  const data: OrderFill = {
    tradeId: fill.tradeId,
    price: fill.price,
    amount: fill.amount,
    feeAmount: fill.feeAmount,
    feeCurrency: fill.feeCurrency,
    feeInQuote: await feeInQuote(context, connectorName, fill),
    liquidity: fill.liquidity,
    venueTime: fill.time,
    ...(fill.positionSide === undefined ? {} : { positionSide: fill.positionSide }),
  }
  const { order, appended } = await context.streams.handle(
    clientOrderId,
    { kind: 'fill', fill: data },
    { actor: `venue:${connectorName}` },
  )
  if (appended === undefined) return undefined
  context.failpoint('fill-stored')
  context.balancesMoved(accountName, connectorName)
  return new Exact(order.filledAmount).minus(fill.amount).toFixed()
}
