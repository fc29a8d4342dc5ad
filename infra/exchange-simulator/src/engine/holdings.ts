import type { OrderFilled, PositionSide, Side } from './events.ts'
import { Exact, type Instrument, priceOf, quantityOf, zero } from './instruments.ts'
import type { Account, Balance, Order, Position } from './state.ts'

export const balanceOf = (account: Account, asset: string): Balance => {
  let balance = account.spot.get(asset)
  if (!balance) {
    balance = { free: zero, locked: zero }
    account.spot.set(asset, balance)
  }
  return balance
}

export const positionOf = (account: Account, symbol: string, side: PositionSide): Position => {
  const key = `${symbol} ${side}`
  let position = account.positions.get(key)
  if (!position) {
    position = { symbol, side, lots: 0, cost: zero, updatedAt: 0 }
    account.positions.set(key, position)
  }
  return position
}

/** What a limit order for `lots` ties up: quote at its own price for a buy, base for a sell. */
export const lockedBy = (order: Pick<Order, 'instrument' | 'side' | 'price'>, lots: number): [string, Exact] => {
  const { instrument } = order
  return order.side === 'BUY'
    ? [instrument.quote, priceOf(instrument, order.price).mul(quantityOf(instrument, lots))]
    : [instrument.base, quantityOf(instrument, lots)]
}

/** The position after a fill, and the profit the fill realised (exact over a whole round trip). */
export const afterFill = (
  position: Position,
  order: { readonly instrument: Instrument; readonly side: Side },
  fill: { readonly price: number; readonly lots: number },
): { lots: number; cost: Exact; realized: Exact } => {
  const { instrument } = order
  const price = priceOf(instrument, fill.price)
  const signed = order.side === 'BUY' ? fill.lots : -fill.lots
  const value = (lots: number): Exact => price.mul(quantityOf(instrument, lots))
  if (position.lots === 0 || Math.sign(position.lots) === Math.sign(signed)) {
    return { lots: position.lots + signed, cost: position.cost.add(value(fill.lots)), realized: zero }
  }
  const held = Math.abs(position.lots)
  const closed = Math.min(held, fill.lots)
  const released =
    closed === held ? position.cost : position.cost.mul(closed).div(held).toDecimalPlaces(8, Exact.ROUND_HALF_EVEN)
  const realized = position.lots > 0 ? value(closed).sub(released) : released.sub(value(closed))
  const opened = fill.lots - closed
  return { lots: position.lots + signed, cost: opened > 0 ? value(opened) : position.cost.sub(released), realized }
}

export const addToWallet = (account: Account, asset: string, amount: Exact): void => {
  account.wallet.set(asset, (account.wallet.get(asset) ?? zero).add(amount))
}

/** Moves an amount from free to locked; a negative one back. */
export const lock = (account: Account, asset: string, amount: Exact): void => {
  const balance = balanceOf(account, asset)
  balance.free = balance.free.sub(amount)
  balance.locked = balance.locked.add(amount)
}

/** What a fill moves between the two balances of its pair, fee included. */
export const settleSpot = (account: Account, order: Order, fill: OrderFilled): void => {
  const { instrument } = order
  const quantity = quantityOf(instrument, fill.lots)
  const paid = priceOf(instrument, fill.price).mul(quantity)
  if (order.orderType !== 'MARKET') {
    const [asset, amount] = lockedBy(order, fill.lots)
    lock(account, asset, amount.neg())
  }
  const base = balanceOf(account, instrument.base)
  const quote = balanceOf(account, instrument.quote)
  const sign = order.side === 'BUY' ? 1 : -1
  base.free = base.free.add(quantity.mul(sign))
  quote.free = quote.free.sub(paid.mul(sign))
  const feeBalance = balanceOf(account, fill.feeAsset)
  feeBalance.free = feeBalance.free.sub(fill.fee)
  account.spotUpdatedAt = fill.time
}
