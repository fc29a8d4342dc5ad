import type { TradingRules } from '../../controllers/controller.ts'
import type { GridExecutorConfig } from '../../executors/executor-config.ts'
import { type Exact, minus, nearest, over, type Price, plus } from '../../numbers/exact.ts'
import { Decimal, everyDigitOf } from '../../positions/decimal.ts'
import { UnsupportedExecutor } from './simulation.ts'

/** The prices of a grid, lowest first, and what is traded at each. */
export interface GridLevels {
  readonly prices: readonly number[]
  /** At each level. */
  readonly amountQuote: number
  /** Of a level's price. */
  readonly takeProfit: number
}

const MINIMUM_NOTIONAL = 5
/** Far more than any venue takes orders at once, and few enough to be held. */
const MOST_LEVELS = 1_000_000
/** What an order is larger than the smallest one, so that rounding leaves it large enough. */
const MARGIN = new Decimal('1.05')

/** A price as the decimal it was written as; one that is a double counts with all its digits. */
const decimalOf = (price: Price): Decimal =>
  typeof price === 'number' ? everyDigitOf(price) : everyDigitOf(price.hi).plus(everyDigitOf(price.lo))

const largest = (a: Decimal, b: Decimal): Decimal => (a.lessThan(b) ? b : a)

/** What is traded at a level. */
interface Share {
  readonly least: Decimal
  /** Given how many levels their distance allows. */
  readonly amountAt: (levels: Decimal) => Decimal
}

/**
 * How a grid divides its range and its money: as many levels as its spread and the smallest order allow. In decimals,
 * since a count that is cut off depends on the last digit.
 * @throws {UnsupportedExecutor} where the original divides by zero, without a take profit, which each level needs, and for
 * more levels than can be held.
 */
export const gridLevels = (
  config: GridExecutorConfig,
  firstClose: number,
  rules: TradingRules | undefined,
): GridLevels => {
  const { take_profit } = config.triple_barrier_config
  if (take_profit === null) throw new UnsupportedExecutor('grid_executor: a grid needs a take profit')
  const mid = new Decimal(firstClose)
  const total = new Decimal(config.total_amount_quote)
  const [start, end] = [decimalOf(config.start_price), decimalOf(config.end_price)]
  const range = end.minus(start).div(start)
  const spread = new Decimal(config.min_spread_between_orders ?? 0)
  const least = new Decimal(config.min_order_amount_quote ?? 0)
  const share = rules === undefined ? plainShare(least, mid, total) : ruledShare(least, mid, total, rules)
  const step = rules === undefined ? spread : largest(spread, new Decimal(rules.min_price_increment).div(mid))
  if (share.least.isZero()) throw new UnsupportedExecutor('grid_executor: the smallest order must not be zero')
  const possible = total.div(share.least).trunc()
  let count = 1
  let amount = share.least
  if (!possible.isZero()) {
    const apart = step.isZero() ? possible : Decimal.min(possible, range.div(step).trunc())
    if (apart.isZero())
      throw new UnsupportedExecutor('grid_executor: the range has no room for one spread between orders')
    amount = share.amountAt(apart)
    // In doubles, as the original does it: a level may be lost to a last digit.
    count = Math.max(1, Math.min(apart.toNumber(), Math.trunc(config.total_amount_quote / amount.toNumber())))
  }
  if (count > MOST_LEVELS)
    throw new UnsupportedExecutor(
      `grid_executor: the grid would have ${count} levels, and can have ${MOST_LEVELS}; give a larger ` +
        'min_spread_between_orders or min_order_amount_quote, or a smaller total_amount_quote',
    )
  const between = count > 1 ? range.div(count - 1) : range
  const profit = new Decimal(take_profit)
  return {
    prices: pricesOf(config, count),
    amountQuote: amount.toNumber(),
    takeProfit: (config.coerce_tp_to_step ? largest(between, profit) : profit).toNumber(),
  }
}

const plainShare = (leastOrder: Decimal, mid: Decimal, total: Decimal): Share => {
  const least = largest(leastOrder, new Decimal(MINIMUM_NOTIONAL)).times(MARGIN).div(mid).times(mid)
  return { least, amountAt: (levels) => largest(total.div(levels), least) }
}

/** Amounts are whole multiples of the smallest one; the original counts these in doubles. */
const ruledShare = (leastOrder: Decimal, mid: Decimal, total: Decimal, rules: TradingRules): Share => {
  const increment = new Decimal(rules.min_base_amount_increment)
  if (increment.isZero())
    throw new UnsupportedExecutor('grid_executor: the smallest step of an amount must not be zero')
  const notional = largest(leastOrder, new Decimal(rules.min_notional_size))
  const multiples = Math.ceil(notional.toNumber() / increment.times(mid).toNumber())
  const rough = largest(notional.times(MARGIN).div(mid), increment.times(multiples))
  const leastBase = increment.times(Math.ceil(rough.toNumber() / increment.toNumber()))
  return {
    least: leastBase.times(mid),
    amountAt: (levels) => {
      const base = total.div(mid.times(levels)).toNumber()
      return largest(leastBase, increment.times(Math.floor(base / increment.toNumber()))).times(mid)
    },
  }
}

/** From the start to the end, both of them levels; one alone lies in the middle. */
const pricesOf = ({ start_price, end_price }: GridExecutorConfig, count: number): readonly number[] => {
  if (count === 1) return [nearest(over(plus(start_price, end_price), 2))]
  const [start, end] = [nearest(start_price), nearest(end_price)]
  const width = minus(end, start)
  return Array.from({ length: count }, (_, level) => levelPrice(start, end, width, level, count - 1))
}

/** More than a rounding may have moved what is left over. */
const DOUBT = 1 + 1e-6

/**
 * `start + (end - start) * level / last`, rounded once: a level of 98.6 must be the double that a low of 98.6 is. With
 * whole numbers as factors the parts of a product are exact, and what the division leaves over is divided again. Half way
 * between two doubles, where the middle of a grid often lies, the 28th digit decides.
 */
const levelPrice = (start: number, end: number, width: Exact, level: number, last: number): number => {
  const high = Math.fround(width.hi)
  const low = width.hi - high
  const quotient = (width.hi * level) / last
  const coarse = Math.fround(quotient)
  const fine = quotient - coarse
  const rest = high * level - coarse * last + (low * level - fine * last) + width.lo * level
  const rough = start + quotient
  const added = rough - start
  const behind = start - (rough - added) + (quotient - added) + rest / last
  const price = rough + behind
  const left = rough - price + behind
  if (price + left * DOUBT === price) return price
  const from = everyDigitOf(start)
  return everyDigitOf(end).minus(from).times(level).div(last).plus(from).toNumber()
}
