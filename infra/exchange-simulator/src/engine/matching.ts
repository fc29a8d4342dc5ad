import type { Level } from '../replay/book.ts'
import type { Trade } from '../replay/tape.ts'
import type { Side } from './events.ts'

/** What matching needs of a resting order: price in ticks, what is left in lots. */
export interface Resting {
  readonly id: number
  readonly price: number
  readonly remaining: number
}

export interface Match<R extends Resting> {
  readonly order: R
  readonly lots: number
}

/**
 * Which resting orders a public trade fills, best price first and oldest first at one price, until its quantity is used
 * up. Orders the price went through fill whoever took; orders exactly at the price fill when their side was taken.
 */
export const matchTrade = <R extends Resting>(trade: Trade, bids: readonly R[], asks: readonly R[]): Match<R>[] => {
  const matches: Match<R>[] = []
  let bidLots = trade.lots
  for (const order of bids) {
    if (bidLots === 0 || order.price < trade.price || (order.price === trade.price && !trade.buyerIsMaker)) break
    const lots = Math.min(bidLots, order.remaining)
    bidLots -= lots
    matches.push({ order, lots })
  }
  let askLots = trade.lots
  for (const order of asks) {
    if (askLots === 0 || order.price > trade.price || (order.price === trade.price && trade.buyerIsMaker)) break
    const lots = Math.min(askLots, order.remaining)
    askLots -= lots
    matches.push({ order, lots })
  }
  return matches
}

export interface Take<R extends Resting> {
  readonly price: number
  readonly lots: number
  /** The resting order that was hit, or `null` for the synthetic book. */
  readonly maker: R | null
}

/**
 * What an incoming order takes: the opposite resting orders and the synthetic levels merged by price, resting orders
 * first at one price. `wanted` says how many lots it still wants at a price, given what it has taken so far.
 */
export const takeLiquidity = <R extends Resting>(request: {
  readonly side: Side
  readonly limit: number | null
  readonly resting: readonly R[]
  readonly levels: readonly Level[]
  readonly wanted: (price: number, takenLots: number, takenAmount: bigint) => number
}): Take<R>[] => {
  const { side, limit, resting, levels, wanted } = request
  const better = (a: number, b: number): boolean => (side === 'BUY' ? a <= b : a >= b)
  const takes: Take<R>[] = []
  let takenLots = 0
  let takenAmount = 0n
  let r = 0
  let l = 0
  while (r < resting.length || l < levels.length) {
    const order = resting[r]
    const level = levels[l]
    const fromOrder = order !== undefined && (level === undefined || better(order.price, level.price))
    const price = fromOrder ? order.price : (level as Level).price
    if (limit !== null && !better(price, limit)) break
    const lots = Math.min(wanted(price, takenLots, takenAmount), fromOrder ? order.remaining : (level as Level).lots)
    if (lots <= 0) break
    takes.push({ price, lots, maker: fromOrder ? order : null })
    takenLots += lots
    takenAmount += BigInt(price) * BigInt(lots)
    if (fromOrder) r++
    else l++
  }
  return takes
}
