import type { ConnectorPair } from '../../executors/executor-config.ts'
import { isSameMarket } from '../../executors/same-market.ts'
import type { Side } from '../../executors/side.ts'
import type { PositionSummary, Positions } from '../../positions/positions.ts'

/** Between which shares of a controller's money its inventory shall be. */
export interface ShareBounds {
  readonly min_base_pct: number
  readonly max_base_pct: number
}

/** Below this share of all that was traded, what is left of it is the rounding of its amounts. */
const ROUNDING = 1e-12

/** What executors left behind on a market; undefined when there is nothing. */
export const positionOn = (positions: Positions, market: ConnectorPair): PositionSummary | undefined => {
  for (const position of positions)
    if (isSameMarket(position, market))
      return position.amount * position.breakevenPrice > position.volumeTradedQuote * ROUNDING ? position : undefined
  return undefined
}

/** What an inventory did cost, as a fraction of `money`. One on the other side than `collected` counts as less than none. */
export const shareOf = (position: PositionSummary | undefined, collected: Side, money: number): number => {
  if (position === undefined) return 0
  const share = (position.amount * position.breakevenPrice) / money
  return position.side === collected ? share : -share
}

/**
 * What an order is multiplied by for the inventory there is: towards 0 the nearer it comes to the end that its side moves it
 * to, but at least `least`.
 */
export const skewOf = (
  moves: 'towards the most' | 'towards the least',
  share: number,
  { min_base_pct: min, max_base_pct: max }: ShareBounds,
  least: number,
): number => {
  const room = moves === 'towards the most' ? max - share : share - min
  return Math.max(Math.min(room / (max - min), 1), least)
}

/** The bounds must leave room between them. */
export const wrongShares = ({ min_base_pct, max_base_pct }: ShareBounds) =>
  min_base_pct < max_base_pct
    ? []
    : [
        {
          field: 'max_base_pct',
          why: `must be greater than min_base_pct: ${max_base_pct} is not above ${min_base_pct}`,
        },
      ]
