import type { Executor } from '../../executors/executor.ts'
import type { ConnectorPair } from '../../executors/executor-config.ts'
import { isSameMarket } from '../../executors/same-market.ts'
import type { Side } from '../../executors/side.ts'
import { nearest } from '../../numbers/exact.ts'
import type { PositionSummary } from '../../positions/positions.ts'
import type { World } from '../controller.ts'

/** One of the two markets that are held against each other. */
export interface Leg {
  readonly market: ConnectorPair
  /** What is to be held there, in quote. */
  readonly target: number
}

/** What there is of a leg, on the side that is wanted or on any. */
export interface LegState {
  /** At what it cost. */
  readonly heldQuote: number
  /** Fees taken off. */
  readonly pnlQuote: number
  readonly placed: number
  readonly filled: number
  readonly filledQuote: number
  /** The prices of the orders that wait, lowest and highest; infinite when none does. */
  readonly lowest: number
  readonly highest: number
}

/** A quote of the strategy, which an order that closes a position is not. */
export const isQuoteOn = ({ config }: Executor, market: ConnectorPair): boolean =>
  config.type === 'position_executor' && isSameMarket(config, market)

const heldOf = (positions: readonly PositionSummary[], market: ConnectorPair, side: Side | undefined) => {
  let [heldQuote, pnlQuote] = [0, 0]
  for (const held of positions) {
    if (!isSameMarket(held, market) || (side !== undefined && held.side !== side)) continue
    heldQuote += held.amount * held.breakevenPrice
    pnlQuote += held.unrealizedPnlQuote + held.realizedPnlQuote - held.cumFeesQuote
  }
  return { heldQuote, pnlQuote }
}

/** What a leg is made of now; `side` undefined: whatever its side. */
export const legState = ({ active, positions }: World, { market }: Leg, side: Side | undefined): LegState => {
  let [placed, filled, filledQuote] = [0, 0, 0]
  let [lowest, highest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const executor of active) {
    if (!isQuoteOn(executor, market) || (side !== undefined && executor.side !== side)) continue
    if (executor.isTrading) {
      filled += 1
      filledQuote += executor.filledAmountQuote
      continue
    }
    placed += 1
    const price = executor.config.type === 'position_executor' ? nearest(executor.config.entry_price) : Number.NaN
    lowest = Math.min(lowest, price)
    highest = Math.max(highest, price)
  }
  return { ...heldOf(positions, market, side), placed, filled, filledQuote, lowest, highest }
}
