import type { OrderType, PositionSide, TimeInForce } from '../engine/events.ts'
import { parseAmount } from '../engine/filters.ts'
import { amountText, type Instrument, priceOf, priceText, quantityText } from '../engine/instruments.ts'
import { cancelOrder, type PlaceOrder, placeOrder } from '../engine/place.ts'
import { Rejection, unknownCancel, unknownOrder } from '../engine/rejection.ts'
import type { Account, Fill, Order } from '../engine/state.ts'
import { checkedClientOrderId, findOrder, openOrders, orderHistory } from './find-order.ts'
import type { Params, Route, SignedCall } from './route.ts'
import { fillsOf, newId } from './spot-orders.ts'

const orderTypes: readonly OrderType[] = ['LIMIT', 'MARKET']
const timesInForce: readonly TimeInForce[] = ['GTC', 'IOC', 'FOK', 'GTX']

/** In hedge mode an order names its position and reduces by its side; in one-way mode `reduceOnly` says so. */
const positionOfRequest = (
  account: Account,
  params: Params,
  side: 'BUY' | 'SELL',
): { positionSide: PositionSide; reduceOnly: boolean } => {
  const given = params.get('positionSide') ?? 'BOTH'
  const positionSide = (['BOTH', 'LONG', 'SHORT'] as const).find((candidate) => candidate === given)
  if (positionSide === undefined) throw new Rejection(-1117, 'Invalid positionSide.')
  if (account.hedged === (positionSide === 'BOTH'))
    throw new Rejection(-4061, "Order's position side does not match user's setting.")
  if (!account.hedged) return { positionSide, reduceOnly: params.flag('reduceOnly') === 'true' }
  if (params.get('reduceOnly') !== undefined)
    throw new Rejection(-1106, "Parameter 'reduceonly' sent when not required.")
  return { positionSide, reduceOnly: (positionSide === 'LONG') === (side === 'SELL') }
}

const placeRequest = (account: Account, params: Params, instrument: Instrument): PlaceOrder => {
  const side = params.oneOf('side', ['BUY', 'SELL'], new Rejection(-1117, 'Invalid side.'))
  const orderType = params.oneOf('type', orderTypes, new Rejection(-1116, 'Invalid orderType.'))
  if (orderType === 'MARKET' && params.get('price') !== undefined)
    throw new Rejection(-1106, "Parameter 'price' sent when not required.")
  return {
    instrument,
    clientOrderId: checkedClientOrderId(params.get('newClientOrderId'), newId),
    side,
    orderType,
    timeInForce:
      orderType === 'LIMIT'
        ? params.oneOf('timeInForce', timesInForce, new Rejection(-1115, 'Invalid timeInForce.'))
        : 'GTC',
    price: orderType === 'MARKET' ? null : parseAmount('price', params.require('price')),
    amount: { kind: 'base', value: parseAmount('quantity', params.require('quantity')) },
    ...positionOfRequest(account, params, side),
  }
}

const create = ({ exchange, account, params }: SignedCall): unknown => {
  const instrument = params.instrument('futures')
  const clientOrderId = params.get('newClientOrderId') ?? ''
  exchange.commit([
    {
      type: 'CreateRequested',
      account: account.id,
      market: 'futures',
      symbol: instrument.symbol,
      clientOrderId,
      time: exchange.clock.now(),
    },
  ])
  const order = placeOrder(exchange, account, placeRequest(account, params, instrument))
  return futuresOrderRow(order)
}

export const futuresOrderRow = (order: Order): Record<string, unknown> => {
  const { instrument } = order
  const average =
    order.executedLots === 0
      ? '0.00'
      : priceOf(instrument, 1).mul(order.executedAmount.toString()).div(order.executedLots).toDecimalPlaces(8).toFixed()
  return {
    orderId: order.id,
    symbol: order.symbol,
    status: order.status,
    clientOrderId: order.clientOrderId,
    price: priceText(instrument, order.price),
    avgPrice: average,
    origQty: quantityText(instrument, order.lots),
    executedQty: quantityText(instrument, order.executedLots),
    cumQty: quantityText(instrument, order.executedLots),
    cumQuote: amountText(instrument, order.executedAmount),
    timeInForce: order.timeInForce,
    type: order.orderType,
    reduceOnly: order.reduceOnly,
    closePosition: false,
    side: order.side,
    positionSide: order.positionSide,
    stopPrice: '0',
    workingType: 'CONTRACT_PRICE',
    priceProtect: false,
    origType: order.orderType,
    priceMatch: 'NONE',
    selfTradePreventionMode: 'NONE',
    goodTillDate: 0,
    time: order.time,
    updateTime: order.updatedAt,
  }
}

const tradeRow = (fill: Fill): unknown => {
  const { order } = fill
  const { instrument } = order
  return {
    symbol: order.symbol,
    id: fill.tradeId,
    orderId: fill.orderId,
    side: order.side,
    price: priceText(instrument, fill.price),
    qty: quantityText(instrument, fill.lots),
    realizedPnl: fill.realizedProfit,
    quoteQty: amountText(instrument, BigInt(fill.price) * BigInt(fill.lots)),
    commission: fill.fee,
    commissionAsset: fill.feeAsset,
    time: fill.time,
    positionSide: order.positionSide,
    buyer: order.side === 'BUY',
    maker: fill.maker,
  }
}

const query = (call: SignedCall): unknown => {
  const instrument = call.params.instrument('futures')
  call.exchange.play(instrument)
  const order = findOrder(call, instrument)
  if (!order) throw unknownOrder()
  return futuresOrderRow(order)
}

const queryOpen = (call: SignedCall): unknown => {
  const instrument = call.params.instrument('futures')
  call.exchange.play(instrument)
  const order = findOrder(call, instrument)
  if (!order || !call.account.open.has(order.id)) throw unknownOrder()
  return futuresOrderRow(order)
}

const cancel = (call: SignedCall): unknown => {
  const instrument = call.params.instrument('futures')
  call.exchange.play(instrument)
  const order = findOrder(call, instrument)
  if (!order || !call.account.open.has(order.id)) throw unknownCancel()
  return futuresOrderRow(cancelOrder(call.exchange, order, newId()))
}

const cancelAll = (call: SignedCall): unknown => {
  const instrument = call.params.instrument('futures')
  call.exchange.play(instrument)
  for (const order of openOrders(call.account, 'futures', instrument)) cancelOrder(call.exchange, order, newId())
  return { code: 200, msg: 'The operation of cancel all open order is done.' }
}

const signed = (
  method: Route['method'],
  path: string,
  operation: Route['operation'],
  handle: (call: SignedCall) => unknown,
): Route => ({
  method,
  path: `/fapi/v1${path}`,
  operation,
  security: 'signed',
  handle,
})

export const futuresOrderRoutes: readonly Route[] = [
  signed('POST', '/order', 'create', create),
  signed('GET', '/order', 'query', query),
  signed('GET', '/openOrder', 'query', queryOpen),
  signed('DELETE', '/order', 'cancel', cancel),
  signed('DELETE', '/allOpenOrders', 'cancel', cancelAll),
  signed('GET', '/openOrders', 'open-orders', (call) => {
    const instrument = call.params.optionalInstrument('futures')
    call.exchange.playAll()
    return openOrders(call.account, 'futures', instrument).map(futuresOrderRow)
  }),
  signed('GET', '/allOrders', 'all-orders', (call) => {
    const instrument = call.params.instrument('futures')
    call.exchange.play(instrument)
    return orderHistory(call, instrument, call.params.limit(500, 1000)).map(futuresOrderRow)
  }),
  signed('GET', '/userTrades', 'trades', (call) => fillsOf(call, call.params.instrument('futures')).map(tradeRow)),
]
