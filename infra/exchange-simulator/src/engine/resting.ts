import type { Order } from './state.ts'

/** The resting orders of one instrument in price-time priority, best first. */
export class RestingOrders {
  readonly bids: Order[] = []
  readonly asks: Order[] = []

  get size(): number {
    return this.bids.length + this.asks.length
  }

  add(order: Order): void {
    const side = order.side === 'BUY' ? this.bids : this.asks
    let low = 0
    let high = side.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (hasPriority(side[middle] as Order, order)) low = middle + 1
      else high = middle
    }
    side.splice(low, 0, order)
  }

  remove(order: Order): void {
    const side = order.side === 'BUY' ? this.bids : this.asks
    const at = side.indexOf(order)
    if (at >= 0) side.splice(at, 1)
  }
}

const hasPriority = (a: Order, b: Order): boolean => {
  if (a.price !== b.price) return a.side === 'BUY' ? a.price > b.price : a.price < b.price
  return a.id < b.id
}
