import { randomBytes } from 'node:crypto'
import type { OrderType, TimeInForce } from '../engine/events.ts'
import { parseAmount } from '../engine/filters.ts'
import { amountText, type Instrument, priceText, quantityText } from '../engine/instruments.ts'
import { cancelOrder, type PlaceOrder, placeOrder } from '../engine/place.ts'
import { missing, Rejection, unknownCancel, unknownOrder } from '../engine/rejection.ts'
import type { Fill, Order } from '../engine/state.ts'
import { checkedClientOrderId, findOrder, openOrders, orderHistory } from './find-order.ts'
import type { Params, Route, SignedCall } from './route.ts'

const orderTypes: readonly OrderType[] = ['LIMIT', 'MARKET', 'LIMIT_MAKER']
const timesInForce: readonly TimeInForce[] = ['GTC', 'IOC', 'FOK']

export const newId = (): string => randomBytes(11).toString('hex')

const placeRequest = (params: Params, instrument: Instrument): PlaceOrder => {
  const side = params.oneOf('side', ['BUY', 'SELL'], new Rejection(-1117, 'Invalid side.'))
  const orderType = params.oneOf('type', orderTypes, new Rejection(-1116, 'Invalid orderType.'))
  const quoteQuantity = orderType === 'MARKET' ? params.get('quoteOrderQty') : undefined
  if (quoteQuantity !== undefined && params.get('quantity') !== undefined) {
    throw new Rejection(-1128, 'Combination of optional parameters invalid.')
  }
  if (orderType !== 'LIMIT' && params.get('timeInForce') !== undefined)
    throw new Rejection(-1106, "Parameter 'timeInForce' sent when not required.")
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
    amount:
      quoteQuantity === undefined
        ? { kind: 'base', value: parseAmount('quantity', params.require('quantity')) }
        : { kind: 'quote', value: parseAmount('quoteOrderQty', quoteQuantity) },
    positionSide: 'BOTH',
    reduceOnly: false,
  }
}

const create = ({ exchange, account, params }: SignedCall): unknown => {
  const instrument = params.instrument('spot')
  const clientOrderId = params.get('newClientOrderId') ?? ''
  // Counted before anything can refuse it: the ledger tells how often a request really came.
  exchange.commit([
    {
      type: 'CreateRequested',
      account: account.id,
      market: 'spot',
      symbol: instrument.symbol,
      clientOrderId,
      time: exchange.clock.now(),
    },
  ])
  const order = placeOrder(exchange, account, placeRequest(params, instrument))
  const head = {
    symbol: order.symbol,
    orderId: order.id,
    orderListId: -1,
    clientOrderId: order.clientOrderId,
    transactTime: order.time,
  }
  const kind = params.get('newOrderRespType') ?? (order.orderType === 'LIMIT_MAKER' ? 'ACK' : 'FULL')
  if (kind === 'ACK') return head
  const result = { ...head, ...orderFields(order), workingTime: order.time, selfTradePreventionMode: 'NONE' }
  if (kind === 'RESULT') return result
  return {
    ...result,
    fills: order.fills.map((fill) => ({
      price: priceText(instrument, fill.price),
      qty: quantityText(instrument, fill.lots),
      commission: fill.fee,
      commissionAsset: fill.feeAsset,
      tradeId: fill.tradeId,
    })),
  }
}

const orderFields = (order: Order): Record<string, unknown> => ({
  price: priceText(order.instrument, order.price),
  origQty: quantityText(order.instrument, order.lots),
  executedQty: quantityText(order.instrument, order.executedLots),
  origQuoteOrderQty: order.quoteQuantity === '0' ? '0.00000000' : order.quoteQuantity,
  cummulativeQuoteQty: amountText(order.instrument, order.executedAmount),
  status: order.status,
  timeInForce: order.timeInForce,
  type: order.orderType,
  side: order.side,
})

export const spotOrderRow = (order: Order): Record<string, unknown> => ({
  symbol: order.symbol,
  orderId: order.id,
  orderListId: -1,
  clientOrderId: order.clientOrderId,
  ...orderFields(order),
  stopPrice: '0.00000000',
  icebergQty: '0.00000000',
  time: order.time,
  updateTime: order.updatedAt,
  isWorking: true,
  workingTime: order.time,
  selfTradePreventionMode: 'NONE',
})

const cancelRow = (order: Order): Record<string, unknown> => ({
  symbol: order.symbol,
  origClientOrderId: order.clientOrderId,
  orderId: order.id,
  orderListId: -1,
  clientOrderId: order.cancelId,
  transactTime: order.updatedAt,
  ...orderFields(order),
  selfTradePreventionMode: 'NONE',
})

const query = (call: SignedCall): unknown => {
  const instrument = call.params.instrument('spot')
  call.exchange.play(instrument)
  const order = findOrder(call, instrument)
  if (!order) throw unknownOrder()
  return spotOrderRow(order)
}

const cancel = (call: SignedCall): unknown => {
  const instrument = call.params.instrument('spot')
  call.exchange.play(instrument)
  const order = findOrder(call, instrument)
  if (!order || !call.account.open.has(order.id)) throw unknownCancel()
  return cancelRow(cancelOrder(call.exchange, order, call.params.get('newClientOrderId') ?? newId()))
}

const cancelAll = (call: SignedCall): unknown => {
  const instrument = call.params.instrument('spot')
  call.exchange.play(instrument)
  const orders = openOrders(call.account, 'spot', instrument)
  if (orders.length === 0) throw unknownCancel()
  return orders.map((order) => cancelRow(cancelOrder(call.exchange, order, newId())))
}

export const spotTradeRow = (fill: Fill): unknown => ({
  symbol: fill.order.symbol,
  id: fill.tradeId,
  orderId: fill.orderId,
  orderListId: -1,
  price: priceText(fill.order.instrument, fill.price),
  qty: quantityText(fill.order.instrument, fill.lots),
  quoteQty: amountText(fill.order.instrument, BigInt(fill.price) * BigInt(fill.lots)),
  commission: fill.fee,
  commissionAsset: fill.feeAsset,
  time: fill.time,
  isBuyer: fill.order.side === 'BUY',
  isMaker: fill.maker,
  isBestMatch: true,
})

/** The fills a request may see: those of an order, from an id or time, or the newest; oldest first. */
export const fillsOf = ({ exchange, account, params }: SignedCall, instrument: Instrument): readonly Fill[] => {
  exchange.play(instrument)
  const now = exchange.clock.wall()
  const orderId = params.integer('orderId')
  const fromId = params.integer('fromId')
  const startTime = params.integer('startTime')
  const endTime = params.integer('endTime') ?? Number.POSITIVE_INFINITY
  const limit = params.limit(500, 1000)
  const found = (account.fills.get(instrument.key) ?? []).filter(
    (fill) =>
      (orderId === undefined || fill.orderId === orderId) &&
      fill.tradeId >= (fromId ?? 0) &&
      fill.time >= (startTime ?? 0) &&
      fill.time <= endTime &&
      (exchange.hiddenUntil.get(fill.tradeId) ?? 0) <= now,
  )
  return fromId !== undefined || startTime !== undefined ? found.slice(0, limit) : found.slice(-limit)
}

const signed = (
  method: Route['method'],
  path: string,
  operation: Route['operation'],
  handle: (call: SignedCall) => unknown,
): Route => ({
  method,
  path: `/api/v3${path}`,
  operation,
  security: 'signed',
  handle,
})

export const spotOrderRoutes: readonly Route[] = [
  signed('POST', '/order', 'create', create),
  signed('GET', '/order', 'query', query),
  signed('DELETE', '/order', 'cancel', cancel),
  signed('DELETE', '/openOrders', 'cancel', cancelAll),
  signed('GET', '/openOrders', 'open-orders', (call) => {
    const instrument = call.params.optionalInstrument('spot')
    call.exchange.playAll()
    return openOrders(call.account, 'spot', instrument).map(spotOrderRow)
  }),
  signed('GET', '/allOrders', 'all-orders', (call) => {
    const instrument = call.params.instrument('spot')
    call.exchange.play(instrument)
    return orderHistory(call, instrument, call.params.limit(500, 1000)).map(spotOrderRow)
  }),
  signed('GET', '/myTrades', 'trades', (call) => {
    if (call.params.get('symbol') === undefined) throw missing('symbol')
    return fillsOf(call, call.params.instrument('spot')).map(spotTradeRow)
  }),
]
