import type { Instrument } from '../engine/instruments.ts'
import { hash, hashText } from '../random.ts'
import type { Trade } from './tape.ts'

/** Price in ticks, quantity in lots. */
export interface Level {
  readonly price: number
  readonly lots: number
}
export interface Book {
  readonly bids: readonly Level[]
  readonly asks: readonly Level[]
}

export const bookDepth = 500

/**
 * The synthetic book around the last trade: the price of the trade is the best price of the side it took, the other
 * side is one tick away. The quantity at a price is a function of that price, so that levels stay as prices move.
 */
export const syntheticBook = (instrument: Instrument, seed: number, last: Trade, depth = bookDepth): Book => {
  const name = hashText(instrument.key)
  const lots = (price: number, side: number): number =>
    1 + Math.floor(instrument.levelLots * (0.1 + (0.9 * hash(seed, name, price, side)) / 0x100000000))
  const bestBid = Math.max(1, last.buyerIsMaker ? last.price : last.price - 1)
  const bestAsk = bestBid + 1
  const bids: Level[] = [{ price: bestBid, lots: lots(bestBid, 0) }]
  const asks: Level[] = [{ price: bestAsk, lots: lots(bestAsk, 1) }]
  const grid = instrument.levelTicks
  for (let price = Math.floor((bestBid - 1) / grid) * grid; bids.length < depth && price > 0; price -= grid)
    bids.push({ price, lots: lots(price, 0) })
  for (let price = Math.ceil((bestAsk + 1) / grid) * grid; asks.length < depth; price += grid)
    asks.push({ price, lots: lots(price, 1) })
  return { bids, asks }
}
