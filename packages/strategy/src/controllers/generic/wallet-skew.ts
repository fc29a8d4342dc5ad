import { interpolate } from '../../indicators/interpolate.ts'

export interface Wallet {
  readonly base: number
  readonly quote: number
}

/** What buys and sells are multiplied by. */
export interface Skew {
  readonly bid: number
  readonly ask: number
}

export const NO_SKEW: Skew = { bid: 1, ask: 1 }

/**
 * How orders lean against what a wallet has too much of: within `range` (in base) around the target the buys go from 2 to
 * nothing as base grows, and the sells the other way. An empty wallet has nothing to lean against; a backtest's is empty.
 */
export const walletSkew = ({ base, quote }: Wallet, price: number, targetShare: number, range: number): Skew => {
  const inBase = base * price
  const value = inBase + quote
  if (!(value > 0)) return NO_SKEW
  const reach = Math.min(range * price, value / 2)
  const target = value * targetShare
  const [left, right] = [Math.max(target - reach, 0), target + reach]
  const bid =
    inBase < target
      ? interpolate(interpolate(inBase, [left, target], [0, 0.5]), [0, 0.5], [2, 1])
      : interpolate(interpolate(inBase, [target, right], [0.5, 1]), [0.5, 1], [1, 0])
  return { bid, ask: 2 - bid }
}
