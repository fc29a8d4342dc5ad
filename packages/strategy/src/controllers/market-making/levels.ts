import type { Side } from '../../executors/side.ts'
import { type Exact, minus, type Price, plus, times } from '../../numbers/exact.ts'
import { sharesOf, weightsOf } from '../weights.ts'

/** A price at which a controller wants an order: so far from the reference, for so much money. */
export interface Level {
  /** `buy_0`, `buy_1`, … and `sell_0`, …; its executors carry it. */
  readonly id: string
  readonly side: Side
  /** Its place on its side. */
  readonly place: number
  readonly spread: number
  /** What is spent or taken in at it, in quote. */
  readonly quote: Exact
}

export interface Ladder {
  readonly buy_spreads: readonly number[]
  readonly sell_spreads: readonly number[]
  /** None: the same on all. */
  readonly buy_amounts_pct: readonly number[] | null
  readonly sell_amounts_pct: readonly number[] | null
}

/** The buys, then the sells. Both share one pool of money, by their weights. */
export const levelsOf = (ladder: Ladder, money: Price): readonly Level[] => {
  const buys = weightsOf(ladder.buy_spreads, ladder.buy_amounts_pct)
  const sells = weightsOf(ladder.sell_spreads, ladder.sell_amounts_pct)
  const shares = sharesOf([...buys, ...sells])
  const onSide = (side: Side, spreads: readonly number[], of: readonly Exact[]): Level[] =>
    spreads.map((spread, place) => ({
      id: `${side.toLowerCase()}_${place}`,
      side,
      place,
      spread,
      quote: times(of[place] ?? 0, money),
    }))
  return [
    ...onSide('BUY', ladder.buy_spreads, shares.slice(0, buys.length)),
    ...onSide('SELL', ladder.sell_spreads, shares.slice(buys.length)),
  ]
}

/** What a reference price is multiplied by for a level that lies `spread` away from it. */
export const factorOf = (side: Side, spread: Price): Exact => (side === 'BUY' ? minus(1, spread) : plus(1, spread))

/** Where each level is in the list. What is not a level of it (a rebalance, say) has no place. */
export const placesOf = (levels: readonly Level[]): ReadonlyMap<string | null, number> =>
  new Map(levels.map((level, at) => [level.id, at]))
