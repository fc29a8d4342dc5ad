import type { PositionSide, Side } from './events.ts'
import { Exact, findInstrument, type Instrument, priceOf, quantityOf, zero } from './instruments.ts'
import { type Account, defaultLeverage, type Order, type Position } from './state.ts'

export type MarkPrice = (instrument: Instrument) => Exact

export const leverageOf = (account: Account, symbol: string): number => account.leverage.get(symbol) ?? defaultLeverage

/** How much an order may still shrink the position it points at, in lots. */
export const reducibleLots = (
  account: Account,
  order: { readonly symbol: string; readonly positionSide: PositionSide; readonly side: Side },
): number => {
  const lots = account.positions.get(`${order.symbol} ${order.positionSide}`)?.lots ?? 0
  return order.side === 'SELL' ? Math.max(0, lots) : Math.max(0, -lots)
}

export const notionalOf = (position: Position, mark: Exact): Exact => {
  const instrument = findInstrument('futures', position.symbol) as Instrument
  return mark.mul(quantityOf(instrument, Math.abs(position.lots))).mul(Math.sign(position.lots))
}

/** Profit if the position were closed at the mark price. */
export const unrealizedProfit = (position: Position, mark: Exact): Exact =>
  notionalOf(position, mark).sub(position.cost.mul(Math.sign(position.lots)))

export const entryPrice = (position: Position): Exact => {
  const instrument = findInstrument('futures', position.symbol) as Instrument
  return position.lots === 0
    ? zero
    : position.cost.div(quantityOf(instrument, Math.abs(position.lots))).toDecimalPlaces(8)
}

export interface MarginSummary {
  readonly wallet: Exact
  readonly unrealized: Exact
  readonly positionMargin: Exact
  readonly orderMargin: Exact
  readonly available: Exact
}

/** The cross margin of an account in its quote asset: what is tied up by positions and by open orders. */
export const marginSummary = (account: Account, asset: string, markOf: MarkPrice): MarginSummary => {
  const wallet = account.wallet.get(asset) ?? zero
  let unrealized: Exact = zero
  let positionMargin: Exact = zero
  for (const position of account.positions.values()) {
    if (position.lots === 0) continue
    const mark = markOf(findInstrument('futures', position.symbol) as Instrument)
    unrealized = unrealized.add(unrealizedProfit(position, mark))
    positionMargin = positionMargin.add(notionalOf(position, mark).abs().div(leverageOf(account, position.symbol)))
  }
  let orderMargin: Exact = zero
  for (const order of account.open.values()) {
    if (order.market === 'futures' && !order.reduceOnly)
      orderMargin = orderMargin.add(requiredMargin(account, order, order.remaining))
  }
  const available = Exact.max(0, wallet.add(unrealized).sub(positionMargin).sub(orderMargin))
  return { wallet, unrealized, positionMargin, orderMargin, available }
}

/** The margin an order needs for the part of it that adds to a position. */
export const requiredMargin = (
  account: Account,
  order: Pick<Order, 'instrument' | 'symbol' | 'side' | 'positionSide' | 'price'>,
  lots: number,
): Exact => {
  const adding = Math.max(0, lots - reducibleLots(account, order))
  return priceOf(order.instrument, order.price)
    .mul(quantityOf(order.instrument, adding))
    .div(leverageOf(account, order.symbol))
}
