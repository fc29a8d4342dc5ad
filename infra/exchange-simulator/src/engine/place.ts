import type { OrderAccepted, OrderType, PositionSide, Side, TimeInForce } from './events.ts'
import type { Exchange } from './exchange.ts'
import { checkedPrice, checkedQuantity, checkNotional } from './filters.ts'
import { balanceOf, lockedBy } from './holdings.ts'
import { Exact, type Instrument, priceOf, quantityOf, zero } from './instruments.ts'
import { leverageOf, marginSummary, reducibleLots, requiredMargin } from './margin.ts'
import { type Take, takeLiquidity } from './matching.ts'
import {
  duplicateOrder,
  filterFailure,
  insufficientBalance,
  insufficientMargin,
  Rejection,
  reduceOnlyRejected,
  wouldTake,
} from './rejection.ts'
import { type Account, clientKey, type Order } from './state.ts'

/** A create request past its border: amounts are positive decimals. */
export interface PlaceOrder {
  readonly instrument: Instrument
  readonly clientOrderId: string
  readonly side: Side
  readonly orderType: OrderType
  readonly timeInForce: TimeInForce
  readonly price: Exact | null
  readonly amount: { readonly kind: 'base' | 'quote'; readonly value: Exact }
  readonly positionSide: PositionSide
  readonly reduceOnly: boolean
}

/** Accepts an order and lets it take what it crosses. Throws a `Rejection` and changes nothing when it is refused. */
export const placeOrder = (exchange: Exchange, account: Account, request: PlaceOrder): Order => {
  const { instrument, side } = request
  exchange.play(instrument)
  const known = account.byClientOrderId.get(clientKey(instrument, request.clientOrderId))
  if (known && account.open.has(known.id)) {
    throw instrument.market === 'spot' ? duplicateOrder() : new Rejection(-4116, 'ClientOrderId is duplicated.')
  }
  const limit =
    request.orderType === 'MARKET' || request.price === null ? null : checkedPrice(instrument, request.price)
  const asked = request.amount.kind === 'base' ? checkedQuantity(instrument, request.amount.value) : null
  const wantedLots = asked !== null && request.reduceOnly ? reduced(account, request, asked) : asked
  const takes = takesOf(exchange, request, limit, wantedLots)
  const taken = takes.reduce((sum, take) => sum + take.lots, 0)
  const lots = wantedLots ?? taken
  const estimate = limit ?? takes[0]?.price ?? exchange.lastTrade(instrument).price
  if (lots === 0) throw filterFailure('LOT_SIZE')
  if (!request.reduceOnly) {
    checkNotional(
      instrument,
      request.amount.kind === 'quote'
        ? request.amount.value
        : priceOf(instrument, estimate).mul(quantityOf(instrument, lots)),
    )
  }
  if (refusesToTake(request) && takes.length > 0) {
    throw instrument.market === 'spot'
      ? wouldTake()
      : new Rejection(-5022, 'Due to the order could not be executed as maker, the Post Only order will be rejected.')
  }
  if (instrument.market === 'spot') checkBalance(account, request, limit, lots, takes)
  else checkMargin(exchange, account, request, estimate, lots)

  const time = exchange.clock.now()
  const accepted: OrderAccepted = {
    type: 'OrderAccepted',
    id: exchange.state.lastOrderId + 1,
    market: instrument.market,
    account: account.id,
    symbol: instrument.symbol,
    clientOrderId: request.clientOrderId,
    side,
    orderType: request.orderType,
    timeInForce: request.timeInForce,
    price: limit ?? 0,
    lots,
    quoteQuantity: request.amount.kind === 'quote' ? request.amount.value.toFixed() : '0',
    positionSide: request.positionSide,
    reduceOnly: request.reduceOnly,
    time,
  }
  exchange.commit([accepted])
  const order = exchange.state.orders.get(accepted.id) as Order
  if (request.timeInForce !== 'FOK' || taken >= lots) exchange.settleTakes(order, takes)
  const mustEnd = request.orderType === 'MARKET' || request.timeInForce === 'IOC' || request.timeInForce === 'FOK'
  if (mustEnd && order.remaining > 0) {
    exchange.commit([{ type: 'OrderClosed', orderId: order.id, status: 'EXPIRED', cancelId: '', time }])
  }
  return order
}

/** Cancels an open order. The caller has made sure that it is open. */
export const cancelOrder = (exchange: Exchange, order: Order, cancelId: string): Order => {
  exchange.commit([
    { type: 'OrderClosed', orderId: order.id, status: 'CANCELED', cancelId, time: exchange.clock.now() },
  ])
  return order
}

const refusesToTake = (request: PlaceOrder): boolean =>
  request.orderType === 'LIMIT_MAKER' || request.timeInForce === 'GTX'

const reduced = (account: Account, request: PlaceOrder, lots: number): number => {
  const reducible = reducibleLots(account, {
    symbol: request.instrument.symbol,
    positionSide: request.positionSide,
    side: request.side,
  })
  if (reducible === 0) throw reduceOnlyRejected()
  return Math.min(lots, reducible)
}

const takesOf = (exchange: Exchange, request: PlaceOrder, limit: number | null, lots: number | null): Take<Order>[] => {
  const { instrument, side } = request
  const resting = exchange.state.restingOf(instrument)
  const synthetic = exchange.syntheticBook(instrument)
  const unit = new Exact(instrument.tickSize).mul(instrument.stepSize)
  const budget = lots === null ? BigInt(request.amount.value.div(unit).floor().toFixed()) : 0n
  return takeLiquidity<Order>({
    side,
    limit,
    resting: side === 'BUY' ? resting.asks : resting.bids,
    levels: side === 'BUY' ? synthetic.asks : synthetic.bids,
    wanted: (price, takenLots, takenAmount) =>
      lots === null ? Number((budget - takenAmount) / BigInt(price)) : lots - takenLots,
  })
}

const amountOf = (instrument: Instrument, takes: readonly Take<Order>[]): Exact =>
  takes.reduce<Exact>(
    (sum, take) => sum.add(priceOf(instrument, take.price).mul(quantityOf(instrument, take.lots))),
    zero,
  )

const checkBalance = (
  account: Account,
  request: PlaceOrder,
  limit: number | null,
  lots: number,
  takes: readonly Take<Order>[],
): void => {
  const { instrument, side } = request
  const [asset, amount] =
    limit !== null
      ? lockedBy({ instrument, side, price: limit }, lots)
      : side === 'BUY'
        ? [instrument.quote, amountOf(instrument, takes)]
        : [instrument.base, quantityOf(instrument, lots)]
  if (balanceOf(account, asset).free.lt(amount)) throw insufficientBalance()
}

const checkMargin = (exchange: Exchange, account: Account, request: PlaceOrder, price: number, lots: number): void => {
  if (request.reduceOnly) return
  const { instrument } = request
  const order = { instrument, symbol: instrument.symbol, side: request.side, positionSide: request.positionSide, price }
  const required = requiredMargin(account, order, lots)
  if (required.isZero()) return
  const fee = required.mul(leverageOf(account, instrument.symbol)).mul(instrument.takerFee)
  const summary = marginSummary(account, instrument.quote, (of) => priceOf(of, exchange.lastTrade(of).price))
  if (summary.available.lt(required.add(fee))) throw insufficientMargin()
}
