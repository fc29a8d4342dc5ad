import type { Instrument, Market } from '../engine/instruments.ts'
import { Rejection } from '../engine/rejection.ts'
import { type Account, clientKey, type Order } from '../engine/state.ts'
import type { SignedCall } from './route.ts'

/** The order a request names by `orderId` or `origClientOrderId`, or nothing. */
export const findOrder = ({ exchange, account, params }: SignedCall, instrument: Instrument): Order | undefined => {
  const orderId = params.integer('orderId')
  const clientOrderId = params.get('origClientOrderId')
  if (orderId === undefined && clientOrderId === undefined) {
    throw new Rejection(-1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!")
  }
  const order =
    orderId !== undefined
      ? exchange.state.orders.get(orderId)
      : account.byClientOrderId.get(clientKey(instrument, clientOrderId ?? ''))
  if (!order || order.account !== account.id || order.instrument !== instrument) return undefined
  return clientOrderId === undefined || order.clientOrderId === clientOrderId ? order : undefined
}

export const openOrders = (account: Account, market: Market, instrument: Instrument | undefined): Order[] =>
  [...account.open.values()].filter(
    (order) => order.market === market && (instrument === undefined || order.instrument === instrument),
  )

/** Orders of one instrument: from an id, from a time, or the newest; oldest first. */
export const orderHistory = (
  { account, params }: SignedCall,
  instrument: Instrument,
  limit: number,
): readonly Order[] => {
  const orderId = params.integer('orderId')
  const startTime = params.integer('startTime')
  const endTime = params.integer('endTime') ?? Number.POSITIVE_INFINITY
  const orders = (account.orders.get(instrument.key) ?? []).filter(
    (order) => order.id >= (orderId ?? 0) && order.time >= (startTime ?? 0) && order.time <= endTime,
  )
  return orderId !== undefined || startTime !== undefined ? orders.slice(0, limit) : orders.slice(-limit)
}

/** Client order ids as Binance takes them. */
export const checkedClientOrderId = (id: string | undefined, fallback: () => string): string => {
  if (id === undefined) return fallback()
  if (!/^[.A-Z:/a-z0-9_-]{1,36}$/.test(id)) {
    throw new Rejection(
      -1100,
      "Illegal characters found in parameter 'newClientOrderId'; legal range is '^[a-zA-Z0-9-_]{1,36}$'.",
    )
  }
  return id
}
